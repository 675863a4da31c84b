/* SPDX-License-Identifier: EUPL-1.2 */
/* Through p11-kit, which loads a module and gives its table of functions. */
#include "os/token.h"

#include "os/keyring.h"
#include "os/token_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define SLOTS_MAX 64
#define KEY_BYTES 32u /* AES-256 */
#define ATTEMPTS 1000
#define PAUSE_NS 10000000 /* between two: ten seconds in all */

/* A key that is gone between two steps was replaced by another process: whoever looks again finds the next.
 */
int token_failed(const struct token *token, const char *what, CK_RV code, struct error *error)
{
        int r = code == CKR_OBJECT_HANDLE_INVALID || code == CKR_KEY_HANDLE_INVALID ? -EKEYREJECTED
                : code == CKR_PIN_INCORRECT || code == CKR_PIN_LOCKED || code == CKR_PIN_LEN_RANGE ||
                                code == CKR_PIN_INVALID || code == CKR_PIN_EXPIRED
                        ? -EACCES
                        : -EIO;

        return error_set(error, r, "token %s: %s: %s", token->name, what, p11_kit_strerror(code));
}

/* ---- opening ---- */

/* One process at a time, by a lock on the file of the PIN: modules differ in what they bear, and SoftHSM
 * rewrites its files in place at every login. It goes with the process. */
int token_lock(const struct token *token, int how, struct error *error)
{
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
                if (flock(token->lock, how | LOCK_NB) == 0)
                        return 0;
                nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
        }
        return error_set(error, -EBUSY, "token %s: another process of rogatory has it and does not let go",
                token->name);
}

void token_unlock(const struct token *token)
{
        (void)flock(token->lock, LOCK_UN);
}

static int lock(struct token *token, const char *pin_file, struct error *error)
{
        token->lock = open(pin_file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (token->lock < 0)
                return error_set(
                        error, -errno, "%s: the PIN cannot be opened: %s", pin_file, strerrordesc_np(errno));
        return token_lock(token, LOCK_EX, error);
}

/* Labels are padded with blanks and have no end mark (PKCS #11 section 3.2). */
static bool has_label(const CK_TOKEN_INFO *info, const char *label)
{
        size_t length = sizeof info->label, wanted = strlen(label);

        while (length > 0 && info->label[length - 1] == ' ')
                length--;
        return length == wanted && memcmp(info->label, label, length) == 0;
}

static int find_slot(struct token *token, const char *label, CK_SLOT_ID *ret_slot, struct error *error)
{
        CK_SLOT_ID slots[SLOTS_MAX];
        CK_ULONG count = SLOTS_MAX;
        unsigned found = 0;

        CK_RV code = token->module->C_GetSlotList(CK_TRUE, slots, &count);
        if (code != CKR_OK)
                return token_failed(token, "its slots cannot be listed", code, error);
        for (CK_ULONG i = 0; i < count; i++) {
                CK_TOKEN_INFO info;
                if (token->module->C_GetTokenInfo(slots[i], &info) != CKR_OK || !has_label(&info, label))
                        continue;
                *ret_slot = slots[i];
                found++;
        }
        if (found == 1)
                return 0;
        return found == 0 ? error_set(error, -ENODEV, "token %s: the module has no token of this name",
                                    token->name)
                          : error_set(error, -ENOTUNIQ,
                                    "token %s: %u tokens have this name; give each a name of its own",
                                    token->name, found);
}

static int log_in(struct token *token, const char *pin_file, struct error *error)
{
        struct buffer pin = buffer_make(SECRET_MOST);

        int r = secret_file_read(pin_file, &pin, error);
        if (r == 0) {
                size_t length = pin.length;
                while (length > 0 && (pin.bytes[length - 1] == '\n' || pin.bytes[length - 1] == '\r'))
                        length--;
                secret_keep(pin.bytes, pin.length);
                CK_RV code = token->module->C_Login(token->session, CKU_USER, pin.bytes, length);
                if (code != CKR_OK && code != CKR_USER_ALREADY_LOGGED_IN)
                        r = token_failed(token, "it does not take the PIN", code, error);
        }
        if (pin.bytes)
                explicit_bzero(pin.bytes, pin.capacity);
        buffer_free(&pin);
        return r;
}

static int begin(struct token *token, const struct token_place *place, bool to_change, struct error *error)
{
        CK_FLAGS flags = CKF_SERIAL_SESSION | (to_change ? CKF_RW_SESSION : 0);
        CK_SLOT_ID slot = 0;

        token->module = p11_kit_module_load(place->module, 0);
        if (!token->module)
                return error_set(error, -ENOENT, "token %s: %s cannot be loaded: %s", token->name,
                        place->module, p11_kit_message() ? p11_kit_message() : "no PKCS#11 module");
        CK_RV code = p11_kit_module_initialize(token->module);
        token->is_initialized = code == CKR_OK;
        if (code != CKR_OK)
                return token_failed(token, "its module does not start", code, error);
        int r = find_slot(token, place->token, &slot, error);
        if (r < 0)
                return r;
        code = token->module->C_OpenSession(slot, flags, NULL, NULL, &token->session);
        token->has_session = code == CKR_OK;
        return code == CKR_OK ? log_in(token, place->pin_file, error)
                              : token_failed(token, "it opens no session", code, error);
}

int token_open(const struct token_place *place, bool to_change, struct token **ret_token, struct error *error)
{
        struct token *token = calloc(1, sizeof *token);

        if (!token)
                return error_set(error, -ENOMEM, "token %s: not enough memory", place->token);
        memcpy(token->name, place->token, strnlen(place->token, sizeof token->name - 1));
        memcpy(token->object, place->object, strnlen(place->object, sizeof token->object - 1));
        token->lock = -1;
        int r = lock(token, place->pin_file, error);
        if (r == 0)
                r = begin(token, place, to_change, error);
        if (r < 0)
                token_close(token);
        else
                *ret_token = token;
        return r;
}

void token_close(struct token *token)
{
        if (!token)
                return;
        if (token->has_session)
                (void)token->module->C_CloseSession(token->session);
        if (token->is_initialized)
                (void)p11_kit_module_finalize(token->module);
        if (token->module)
                p11_kit_module_release(token->module);
        if (token->lock >= 0)
                close(token->lock);
        free(token);
}

/* ---- keys ---- */

/* What can be read or wrapped can be copied, and would outlive its destruction. */
static int check_key(struct token *token, CK_OBJECT_HANDLE handle, struct error *error)
{
        CK_BBOOL sensitive = CK_FALSE, extractable = CK_TRUE, was_extractable = CK_FALSE;
        CK_ATTRIBUTE wanted[] = {{CKA_SENSITIVE, &sensitive, sizeof sensitive},
                {CKA_EXTRACTABLE, &extractable, sizeof extractable},
                {CKA_NEVER_EXTRACTABLE, &was_extractable, sizeof was_extractable}};

        CK_RV code = token->module->C_GetAttributeValue(
                token->session, handle, wanted, sizeof wanted / sizeof wanted[0]);
        if (code != CKR_OK)
                return token_failed(token, "a key does not say what may be done with it", code, error);
        if (sensitive != CK_TRUE || extractable != CK_FALSE || was_extractable != CK_TRUE)
                return error_set(error, -EKEYREJECTED,
                        "token %s: a key named %s can be taken out of it, or could once; rogatory makes its "
                        "keys "
                        "itself, so remove that one",
                        token->name, token->object);
        return 0;
}

static int keep_key(struct token *token, CK_OBJECT_HANDLE handle, const void *prefix, size_t length,
        struct token_key *keys, int *count, struct error *error)
{
        uint8_t id[TOKEN_KEY_ID_BYTES];
        CK_ATTRIBUTE wanted = {CKA_ID, id, sizeof id};

        /* A number of another length is somebody else's. */
        if (token->module->C_GetAttributeValue(token->session, handle, &wanted, 1) != CKR_OK ||
                wanted.ulValueLen != sizeof id || memcmp(id, prefix, length) != 0)
                return 0;
        int r = check_key(token, handle, error);
        if (r < 0)
                return r;
        if (*count == TOKEN_KEYS_MAX)
                return error_set(error, -EMFILE,
                        "token %s: more than %d keys named %s belong to one key table", token->name,
                        TOKEN_KEYS_MAX, token->object);
        keys[*count].handle = handle;
        memcpy(keys[*count].id, id, sizeof id);
        (*count)++;
        return 0;
}

static int by_id(const void *left, const void *right)
{
        const struct token_key *a = left, *b = right;

        return memcmp(a->id, b->id, sizeof a->id);
}

int token_find(struct token *token, const void *prefix, size_t length, struct token_key *ret_keys,
        struct error *error)
{
        CK_OBJECT_CLASS class = CKO_SECRET_KEY;
        CK_BBOOL yes = CK_TRUE;
        CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof class}, {CKA_TOKEN, &yes, sizeof yes},
                {CKA_LABEL, token->object, strlen(token->object)}};
        CK_OBJECT_HANDLE handle;
        CK_ULONG got = 1;
        int count = 0, r = 0;

        CK_RV code =
                token->module->C_FindObjectsInit(token->session, wanted, sizeof wanted / sizeof wanted[0]);
        if (code != CKR_OK)
                return token_failed(token, "its keys cannot be looked for", code, error);
        while (r == 0 && (code = token->module->C_FindObjects(token->session, &handle, 1, &got)) == CKR_OK &&
                got == 1)
                r = keep_key(token, handle, prefix, length, ret_keys, &count, error);
        (void)token->module->C_FindObjectsFinal(token->session);
        if (r == 0 && code != CKR_OK)
                r = token_failed(token, "its keys cannot be listed", code, error);
        if (r < 0)
                return r;
        qsort(ret_keys, (size_t)count, sizeof *ret_keys, by_id);
        return count;
}

int token_make_key(struct token *token, const uint8_t id[TOKEN_KEY_ID_BYTES], struct token_key *ret_key,
        struct error *error)
{
        CK_OBJECT_CLASS class = CKO_SECRET_KEY;
        CK_KEY_TYPE type = CKK_AES;
        CK_ULONG bytes = KEY_BYTES;
        CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
        CK_MECHANISM mechanism = {CKM_AES_KEY_GEN, NULL, 0};
        CK_OBJECT_HANDLE handle;

        memcpy(ret_key->id, id, TOKEN_KEY_ID_BYTES);
        CK_ATTRIBUTE made[] = {{CKA_CLASS, &class, sizeof class}, {CKA_KEY_TYPE, &type, sizeof type},
                {CKA_VALUE_LEN, &bytes, sizeof bytes}, {CKA_TOKEN, &yes, sizeof yes},
                {CKA_PRIVATE, &yes, sizeof yes}, {CKA_SENSITIVE, &yes, sizeof yes},
                {CKA_EXTRACTABLE, &no, sizeof no}, {CKA_MODIFIABLE, &no, sizeof no},
                {CKA_ENCRYPT, &yes, sizeof yes}, {CKA_DECRYPT, &no, sizeof no}, {CKA_WRAP, &no, sizeof no},
                {CKA_UNWRAP, &no, sizeof no}, {CKA_LABEL, token->object, strlen(token->object)},
                {CKA_ID, ret_key->id, TOKEN_KEY_ID_BYTES}};
        CK_RV code = token->module->C_GenerateKey(
                token->session, &mechanism, made, sizeof made / sizeof made[0], &handle);
        if (code != CKR_OK)
                return token_failed(token, "it makes no AES key", code, error);
        ret_key->handle = handle;
        int r = check_key(token, handle, error);
        if (r < 0)
                (void)token->module->C_DestroyObject(token->session, handle);
        return r;
}

int token_destroy_key(struct token *token, const struct token_key *key, struct error *error)
{
        CK_RV code = token->module->C_DestroyObject(token->session, key->handle);

        /* Another one of the same store may have finished what was left half done. */
        return code == CKR_OK || code == CKR_OBJECT_HANDLE_INVALID
                       ? 0
                       : token_failed(token, "a key cannot be destroyed", code, error);
}

int token_apply(struct token *token, const struct token_key *key, const uint8_t value[TOKEN_VALUE_BYTES],
        uint8_t ret[TOKEN_VALUE_BYTES], struct error *error)
{
        uint8_t zero[16] = {0}, given[TOKEN_VALUE_BYTES];
        CK_MECHANISM mechanism = {CKM_AES_CBC, zero, sizeof zero};
        CK_ULONG length = TOKEN_VALUE_BYTES;

        memcpy(given, value, sizeof given);
        CK_RV code = token->module->C_EncryptInit(token->session, &mechanism, key->handle);
        if (code == CKR_OK)
                code = token->module->C_Encrypt(token->session, given, sizeof given, ret, &length);
        if (code == CKR_OK && length == TOKEN_VALUE_BYTES)
                return 0;
        return code == CKR_OK ? error_set(error, -EIO, "token %s: AES-CBC of 32 bytes gives %lu", token->name,
                                        (unsigned long)length)
                              : token_failed(token, "a key cannot be used (AES-CBC)", code, error);
}
