#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "pseudonym.h"
#include "../base/mem.h"
#include "version.h"

#ifdef HAVE_SODIUM
#include <sodium.h>

enum { NAME_BYTES = 16, NAME_TEXT = 2 * NAME_BYTES + 1, KEY_MIN = 16, KEY_FILE_MAX = 65536 };

struct pseudonyms {
	unsigned char key[crypto_generichash_KEYBYTES];
	struct vocab user;
	char (*name)[NAME_TEXT];
	size_t cap;
};

static int read_key(unsigned char key[crypto_generichash_KEYBYTES], const char *path, struct err *e)
{
	unsigned char b[KEY_FILE_MAX + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC);	/* its bytes, whatever they look like */
	ssize_t n = 0, got = 1;

	while (fd >= 0 && (size_t)n < sizeof b && (got = read(fd, b + n, sizeof b - (size_t)n)) != 0 && (got > 0 || errno == EINTR))
		n += got > 0 ? got : 0;
	if (fd < 0 || got < 0) {
		err_sys(e, errno, "%s", path);
		n = -1;
	}
	if (fd >= 0)
		close(fd);
	if (n >= 0 && (n < KEY_MIN || n > KEY_FILE_MAX))
		err_set(e, ERR_DATA, "%s: a key has %d to %d bytes (head -c 32 /dev/urandom makes one)", path, KEY_MIN, KEY_FILE_MAX);
	else if (n >= 0)
		crypto_generichash(key, crypto_generichash_KEYBYTES, b, (size_t)n, NULL, 0);
	sodium_memzero(b, sizeof b);
	return e->code;
}

struct pseudonyms *pseudonyms_open(const char *key_file, struct err *e)
{
	if (sodium_init() < 0) {
		err_set(e, ERR_SYS, "libsodium cannot be started");
		return NULL;
	}
	struct pseudonyms *p = mem_new(1, sizeof *p);
	if (!read_key(p->key, key_file, e))
		return p;
	pseudonyms_close(p);
	return NULL;
}

struct str pseudonyms_of(struct pseudonyms *p, struct str user)
{
	size_t before = p->user.n, u = vocab_add(&p->user, user.p, user.len);
	unsigned char h[NAME_BYTES];

	if (u == before) {
		arr_reserve(p->name, p->user.n, p->cap);
		crypto_generichash(h, sizeof h, (const unsigned char *)user.p, user.len, p->key, sizeof p->key);
		sodium_bin2hex(p->name[u], NAME_TEXT, h, sizeof h);
	}
	return (struct str){ p->name[u], NAME_TEXT - 1 };
}

void pseudonyms_close(struct pseudonyms *p)
{
	if (!p)
		return;
	sodium_memzero(p->key, sizeof p->key);
	vocab_release(&p->user);
	mem_free(p->name);
	mem_free(p);
}

#else

struct pseudonyms *pseudonyms_open(const char *key_file, struct err *e)
{
	err_set(e, ERR_USAGE, "%s: this build has no libsodium, which makes pseudonyms", key_file);
	return NULL;
}

struct str pseudonyms_of(struct pseudonyms *p, struct str user) { return (void)p, user; }
void pseudonyms_close(struct pseudonyms *p) { (void)p; }

#endif
