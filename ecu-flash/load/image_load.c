#include "ecu-flash/load/image_load.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(char *text, size_t n_text, const char *path, int error)
{
	snprintf(text, n_text, "%s: %s", path, strerror(error));
	return -error;
}

static int digest_segments(const struct image *image, uint8_t *out)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);

	for (size_t i = 0; ok && i < image->n_segments; i++)
		ok = EVP_DigestUpdate(ctx, image->segments[i].data, image->segments[i].n_bytes);
	ok = ok && EVP_DigestFinal_ex(ctx, out, NULL);
	EVP_MD_CTX_free(ctx);
	return ok ? 0 : -ENOMEM;
}

/* maps the file; a hole in the mapping (the file cut while it is read) is not expected of firmware in a store */
static int map_file(struct image_file *file, const char *path, char *text, size_t n_text)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int error = 0;

	if (fd < 0)
		return fail(text, n_text, path, errno);
	if (fstat(fd, &st) != 0) {
		error = errno;
	} else if (!S_ISREG(st.st_mode)) {
		error = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	} else if (st.st_size > 0) {
		file->map_n = (size_t)st.st_size;
		file->map = mmap(NULL, file->map_n, PROT_READ, MAP_PRIVATE, fd, 0);
		if (file->map == MAP_FAILED) {
			error = errno;
			file->map = NULL;
		}
	}
	close(fd);
	return error ? fail(text, n_text, path, error) : 0;
}

static int wrong_content(char *text, size_t n_text, const char *path, const struct image_error *error)
{
	if (error->line)
		snprintf(text, n_text, "%s:%u: %s", path, error->line, error->text);
	else
		snprintf(text, n_text, "%s: %s", path, error->text);
	return 1;
}

static bool named_as_records(const char *path)
{
	static const char *const endings[] = {".hex", ".ihex", ".ihx", ".srec", ".s19", ".s28", ".s37", ".mot"};
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
		if (strcasecmp(dot, endings[i]) == 0)
			return true;
	return false;
}

/* IMAGE_AUTO becomes what the file is */
static int find_format(enum image_format *format, const char *path, const uint8_t *bytes, size_t n, char *text,
		       size_t n_text)
{
	struct image_error error;

	if (*format != IMAGE_AUTO)
		return 0;
	if (!n) { /* nothing is mapped; the parser says so */
		*format = IMAGE_RAW;
		return 0;
	}
	if (image_find_format(format, bytes, n, &error))
		return wrong_content(text, n_text, path, &error);
	if (*format != IMAGE_RAW || !named_as_records(path))
		return 0;
	snprintf(text, n_text,
		 "%s: its name says Intel HEX or S-record, and it does not begin with such a record; correct the file, "
		 "or take it as it is with --raw",
		 path);
	return 1;
}

static int decode(struct image_file *file, const char *path, enum image_format format, uint64_t raw_base, char *text,
		  size_t n_text)
{
	static const uint8_t nothing[1];
	const uint8_t *bytes = file->map ? file->map : nothing;
	struct image_error error;
	int r = find_format(&format, path, bytes, file->map_n, text, n_text);

	if (r)
		return r;
	file->buf = malloc(file->map_n ? file->map_n : 1);
	if (!file->buf)
		return fail(text, n_text, path, ENOMEM);
	if (image_parse(&file->image, format, bytes, file->map_n, raw_base, file->buf, file->map_n, &error))
		return wrong_content(text, n_text, path, &error);
	if (file->image.format == IMAGE_RAW) { /* its segment lies in the mapping */
		free(file->buf);
		file->buf = NULL;
	}
	if (!EVP_Digest(bytes, file->map_n, file->file_sha256, NULL, EVP_sha256(), NULL) ||
	    digest_segments(&file->image, file->segments_sha256))
		return fail(text, n_text, path, ENOMEM);
	return 0;
}

int image_load(const char *path, enum image_format format, uint64_t raw_base, struct image_file *file, char *text,
	       size_t n_text)
{
	struct image_file loaded = {0};
	int r = map_file(&loaded, path, text, n_text);

	if (!r)
		r = decode(&loaded, path, format, raw_base, text, n_text);
	if (r)
		image_unload(&loaded);
	else
		*file = loaded;
	return r;
}

int image_map(const char *path, enum image_format format, struct image_file *file, char *text, size_t n_text)
{
	struct image_file mapped = {.image.format = format};
	int r = map_file(&mapped, path, text, n_text);

	if (!r)
		r = find_format(&mapped.image.format, path, mapped.map, mapped.map_n, text, n_text);
	if (r)
		image_unload(&mapped);
	else
		*file = mapped;
	return r;
}

void image_unload(struct image_file *file)
{
	if (file->map)
		munmap(file->map, file->map_n);
	free(file->buf);
	*file = (struct image_file){0};
}
