// SPDX-License-Identifier: EUPL-1.2
// What BouncyCastle says of a container and of sealed evidence; started by container.py with `java CheckContainer.java`.
//   container FILE ROOT-PEM     verifies every signature over its manifest, and its timestamp
//   sealed FILE KEY-PEM(PKCS#8, RSA) OUT
import java.io.ByteArrayOutputStream;
import java.io.FileReader;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.Security;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.bouncycastle.asn1.cms.Attribute;
import org.bouncycastle.asn1.ess.SigningCertificateV2;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cms.CMSAuthEnvelopedData;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.RecipientInformation;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.cms.jcajce.JceKeyTransAuthEnvelopedRecipient;
import org.bouncycastle.cms.KeyTransRecipientInformation;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.tsp.TimeStampToken;

public class CheckContainer {
    static void must(boolean holds, String what) {
        if (!holds)
            throw new IllegalStateException(what);
    }

    static byte[] entry(ZipFile zip, String name) throws Exception {
        ZipEntry found = zip.getEntry(name);
        must(found != null, "no entry " + name);
        try (InputStream in = zip.getInputStream(found)) {
            return in.readAllBytes();
        }
    }

    static X509CertificateHolder root(String path) throws Exception {
        try (PEMParser parser = new PEMParser(new FileReader(path))) {
            return (X509CertificateHolder) parser.readObject();
        }
    }

    static X509CertificateHolder signerOf(CMSSignedData data, SignerInformation signer) {
        Collection<?> found = data.getCertificates().getMatches(signer.getSID());
        must(found.size() == 1, "the signer's certificate is not in the signature");
        return (X509CertificateHolder) found.iterator().next();
    }

    static void checkSignature(ZipFile zip, String name, X509CertificateHolder root) throws Exception {
        byte[] manifest = entry(zip, name.replace("signature", "ASiCManifest").replace(".p7s", ".xml"));
        CMSSignedData data = new CMSSignedData(new CMSProcessableByteArray(manifest), entry(zip, name));
        must(data.getSignerInfos().size() == 1, "not one signer");
        SignerInformation signer = data.getSignerInfos().getSigners().iterator().next();
        X509CertificateHolder holder = signerOf(data, signer);
        must(holder.isSignatureValid(new org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder()
                .setProvider("BC").build(root)), "the certificate is not of the root");
        must(signer.verify(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC")
                .build(new JcaX509CertificateConverter().getCertificate(holder))), "the signature is wrong");
        Attribute named = signer.getSignedAttributes().get(PKCSObjectIdentifiers.id_aa_signingCertificateV2);
        must(named != null, "no signingCertificateV2");
        byte[] hash = SigningCertificateV2.getInstance(named.getAttrValues().getObjectAt(0)).getCerts()[0].getCertHash();
        must(Arrays.equals(hash, MessageDigest.getInstance("SHA-256").digest(holder.getEncoded())),
                "signingCertificateV2 names another certificate");
        System.out.println("signature " + name + " verified");
        if (signer.getUnsignedAttributes() == null)
            return;
        Attribute stamp = signer.getUnsignedAttributes().get(PKCSObjectIdentifiers.id_aa_signatureTimeStampToken);
        TimeStampToken token = new TimeStampToken(
                new CMSSignedData(stamp.getAttrValues().getObjectAt(0).toASN1Primitive().getEncoded()));
        Collection<?> services = token.getCertificates().getMatches(token.getSID());
        token.validate(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC")
                .build((X509CertificateHolder) services.iterator().next()));
        must(Arrays.equals(token.getTimeStampInfo().getMessageImprintDigest(),
                MessageDigest.getInstance("SHA-256").digest(signer.getSignature())), "the timestamp is of something else");
        System.out.println("timestamp " + token.getTimeStampInfo().getGenTime().toInstant() + " verified");
    }

    static void checkContainer(String path, String rootPath) throws Exception {
        List<String> names = new ArrayList<>();
        try (ZipFile zip = new ZipFile(path)) {
            for (ZipEntry one : Collections.list(zip.entries()))
                names.add(one.getName());
            must(names.get(0).equals("mimetype"), "mimetype is not first");
            for (String name : names)
                if (name.endsWith(".p7s"))
                    checkSignature(zip, name, root(rootPath));
        }
    }

    static void openSealed(String path, String keyPath, String out) throws Exception {
        PrivateKey key;
        try (PEMParser parser = new PEMParser(new FileReader(keyPath))) {
            key = new JcaPEMKeyConverter().setProvider("BC").getPrivateKey((PrivateKeyInfo) parser.readObject());
        }
        CMSAuthEnvelopedData data = new CMSAuthEnvelopedData(Files.readAllBytes(Path.of(path)));
        for (RecipientInformation one : data.getRecipientInfos().getRecipients()) {
            if (!(one instanceof KeyTransRecipientInformation))
                continue;
            Files.write(Path.of(out), one.getContent(new JceKeyTransAuthEnvelopedRecipient(key).setProvider("BC")));
            System.out.println("sealed evidence opened");
            return;
        }
        throw new IllegalStateException("no recipient by RSA");
    }

    public static void main(String[] words) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        if (words[0].equals("container"))
            checkContainer(words[1], words[2]);
        else
            openSealed(words[1], words[2], words[3]);
    }
}
