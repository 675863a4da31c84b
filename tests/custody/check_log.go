// SPDX-License-Identifier: EUPL-1.2

// check_log VKEY WITNESS_VKEY FOLDER OLD_FOLDER [WITNESSED]: holds a log that rogatory made against golang.org/x/mod, which
// knows nothing of rogatory: the signature of its checkpoint, every tile against the signed root, the inclusion of every
// entry, and that it grew out of the log in OLD_FOLDER. Proofs by rogatory stand in FOLDER/../proofs, requests to a witness
// in FOLDER/../request; WITNESSED is a checkpoint with the cosignature of rogatory as a witness.
package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type checkpoint struct {
	origin string
	tree   tlog.Tree
}

func must(err error, what string) {
	if err != nil {
		log.Fatalf("%s: %v", what, err)
	}
}

func parse(text string) checkpoint {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		log.Fatalf("a checkpoint has three lines: %q", text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err, "size")
	hash, err := tlog.ParseHash(lines[2])
	must(err, "root")
	return checkpoint{lines[0], tlog.Tree{N: size, Hash: hash}}
}

func open(signed []byte, verifier note.Verifier) checkpoint {
	opened, err := note.Open(signed, note.VerifierList(verifier))
	must(err, "signature")
	found := parse(opened.Text)
	if found.origin != verifier.Name() {
		log.Fatalf("origin %q", found.origin)
	}
	return found
}

// tiles reads the tiles of a folder; the paths of tlog have the height in front, those of tlog-tiles do not.
type tiles struct{ folder string }

func (t tiles) Height() int { return 8 }

func (t tiles) ReadTiles(list []tlog.Tile) ([][]byte, error) {
	var read [][]byte
	for _, tile := range list {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(t.folder, path))
		if os.IsNotExist(err) && tile.W < 256 {
			whole := tile
			whole.W = 256
			path = strings.Replace(whole.Path(), "tile/8/", "tile/", 1)
			data, err = os.ReadFile(filepath.Join(t.folder, path))
			if err == nil {
				data = data[:tile.W*tlog.HashSize]
			}
		}
		if err != nil {
			return nil, err
		}
		read = append(read, data)
	}
	return read, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

// entries reads the bundles of entries.
func entries(folder string, size int64) [][]byte {
	var all [][]byte
	for n := int64(0); n*256 < size; n++ {
		width := size - n*256
		if width > 256 {
			width = 256
		}
		tile := tlog.Tile{H: 8, L: 0, N: n, W: int(width)}
		path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
		data, err := os.ReadFile(filepath.Join(folder, path))
		must(err, "bundle")
		for len(data) > 0 {
			length := int(binary.BigEndian.Uint16(data))
			all = append(all, data[2:2+length])
			data = data[2+length:]
		}
	}
	if int64(len(all)) != size {
		log.Fatalf("%d entries for a log of %d", len(all), size)
	}
	return all
}

func hashes(lines []string) []tlog.Hash {
	var list []tlog.Hash
	for _, line := range lines {
		hash, err := tlog.ParseHash(line)
		must(err, "hash of a proof")
		list = append(list, hash)
	}
	return list
}

// split cuts the lines before the first empty one from the signed checkpoint behind it.
func split(text string) ([]string, []byte) {
	at := strings.Index(text, "\n\n")
	return strings.Split(text[:at], "\n"), []byte(text[at+2:])
}

func checkProofs(folder string, verifier note.Verifier, all [][]byte) int {
	paths, err := filepath.Glob(filepath.Join(folder, "*.tlog-proof"))
	must(err, "proofs")
	for _, path := range paths {
		text, err := os.ReadFile(path)
		must(err, path)
		lines, signed := split(string(text))
		if lines[0] != "c2sp.org/tlog-proof@v1" {
			log.Fatalf("%s: %q", path, lines[0])
		}
		if strings.HasPrefix(lines[1], "extra ") {
			lines = lines[1:]
		}
		index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
		must(err, path)
		tree := open(signed, verifier).tree
		must(tlog.CheckRecord(tlog.RecordProof(hashes(lines[2:])), tree.N, tree.Hash, index, tlog.RecordHash(all[index])), path)
	}
	return len(paths)
}

func checkRequest(path string, verifier note.Verifier, old tlog.Tree) {
	text, err := os.ReadFile(path)
	must(err, path)
	lines, signed := split(string(text))
	if lines[0] != fmt.Sprintf("old %d", old.N) {
		log.Fatalf("%s: %q", path, lines[0])
	}
	tree := open(signed, verifier).tree
	must(tlog.CheckTree(tlog.TreeProof(hashes(lines[1:])), tree.N, tree.Hash, old.N, old.Hash), path)
}

// checkCosignature by c2sp.org/tlog-cosignature, which golang.org/x/mod does not know.
func checkCosignature(path, vkey string, log_verifier note.Verifier) {
	text, err := os.ReadFile(path)
	must(err, path)
	open(text, log_verifier)
	parts := strings.SplitN(vkey, "+", 3)
	key, err := base64.StdEncoding.DecodeString(parts[2])
	must(err, "vkey of the witness")
	if key[0] != 4 {
		log.Fatalf("the key of a witness has type %d", key[0])
	}
	at := bytes.LastIndex(text, []byte("\n\n"))
	body, found := string(text[:at+1]), false
	for _, line := range strings.Split(string(text[at+2:]), "\n") {
		if !strings.HasPrefix(line, "\u2014 "+parts[0]+" ") {
			continue
		}
		signature, err := base64.StdEncoding.DecodeString(strings.SplitN(line, " ", 3)[2])
		must(err, "cosignature")
		if fmt.Sprintf("%08x", binary.BigEndian.Uint32(signature)) != parts[1] {
			continue
		}
		seconds := binary.BigEndian.Uint64(signature[4:])
		message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", seconds, body)
		if !ed25519.Verify(ed25519.PublicKey(key[1:]), []byte(message), signature[12:]) {
			log.Fatal("the cosignature does not hold")
		}
		found = true
	}
	if !found {
		log.Fatal("there is no cosignature")
	}
}

func main() {
	log.SetFlags(0)
	verifier, err := note.NewVerifier(os.Args[1])
	must(err, "vkey")
	folder, older := os.Args[3], os.Args[4]
	signed, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	must(err, "checkpoint")
	tree := open(signed, verifier).tree
	all := entries(folder, tree.N)

	// The reader of tiles verifies each against the signed root before it uses it.
	reader := tlog.TileHashReader(tree, tiles{folder})
	for index, entry := range all {
		read, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(index))})
		must(err, "tiles")
		if read[0] != tlog.RecordHash(entry) {
			log.Fatalf("entry %d is not that of its tile", index)
		}
	}
	root, err := tlog.TreeHash(tree.N, reader)
	must(err, "root")
	if root != tree.Hash {
		log.Fatal("the tiles have another root")
	}

	signed, err = os.ReadFile(filepath.Join(older, "checkpoint"))
	must(err, "older checkpoint")
	old := open(signed, verifier).tree
	if old.N > 0 {
		proof, err := tlog.ProveTree(tree.N, old.N, reader)
		must(err, "proof of growth")
		must(tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash), "growth")
	}
	checkRequest(filepath.Join(folder, "..", "request"), verifier, old)
	proofs := checkProofs(filepath.Join(folder, "..", "proofs"), verifier, all)
	checkCosignature(os.Args[5], os.Args[2], verifier)
	fmt.Printf("%d entries, %d proofs, grown from %d\n", tree.N, proofs, old.N)
}
