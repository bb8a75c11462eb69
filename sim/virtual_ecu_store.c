#include "sim/virtual_ecu_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/virtual_ecu_state.h"

#define FILE_PATH_BYTES (VECU_PATH_BYTES + VECU_NAME_BYTES + 16)

static void path_of(const struct vecu_store *self, const char *suffix, char out[FILE_PATH_BYTES])
{
	snprintf(out, FILE_PATH_BYTES, "%s/%s%s", self->dir, self->name, suffix);
}

static int failed(struct yaml_error *error, const char *what, int r)
{
	snprintf(error->text, sizeof(error->text), "%s: %s", what, strerror(-r));
	return r;
}

/* Return: 0, -errno, or 1 if there is a file, of another size */
static int map_flash(struct vecu_store *self, bool anew)
{
	char path[FILE_PATH_BYTES];
	struct stat status;
	int flags = MAP_SHARED;
	int fd = -1;
	int r = 0;

	if (self->dir[0]) {
		path_of(self, ".bin", path);
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
		if (fd < 0)
			return -errno;
		if (fstat(fd, &status) != 0)
			r = -errno;
		else if (!anew && (uint64_t)status.st_size != self->n_flash)
			r = 1;
		else if (ftruncate(fd, (off_t)self->n_flash) != 0)
			r = -errno;
		/* blocks now, or a full disk would show as a bus error in the middle of a flash */
		if (r == 0)
			r = -posix_fallocate(fd, 0, (off_t)self->n_flash);
	} else {
		flags |= MAP_ANONYMOUS;
	}
	if (r == 0) {
		void *at = mmap(NULL, self->n_flash, PROT_READ | PROT_WRITE, flags, fd, 0);

		if (at == MAP_FAILED)
			r = -errno;
		else
			self->flash = at;
	}
	if (fd >= 0)
		close(fd);
	return r;
}

static int allot_regions(struct vecu_store *self, struct ecu_config *config, bool anew)
{
	size_t flash_at = 0, ram_at = 0, n_ram = 0;
	int r;

	self->n_flash = 0;
	for (size_t i = 0; i < config->n_regions; i++)
		*(config->regions[i].ram ? &n_ram : &self->n_flash) += config->regions[i].size;
	if (config->banks.present)
		self->n_flash *= 2;
	self->ram = calloc(1, n_ram ? n_ram : 1);
	if (!self->ram)
		return -ENOMEM;
	r = map_flash(self, anew);
	if (r != 0)
		return r;
	for (size_t i = 0; i < config->n_regions; i++) {
		struct ecu_region *region = &config->regions[i];

		region->bytes = region->ram ? self->ram + ram_at : self->flash + flash_at;
		*(region->ram ? &ram_at : &flash_at) += region->size;
	}
	for (size_t i = 0; i < config->n_regions && config->banks.present; i++) {
		struct ecu_region *region = &config->regions[i];

		if (region->ram)
			continue;
		region->bank_b = self->flash + flash_at;
		flash_at += region->size;
	}
	return 0;
}

/* Return: bytes read, or -errno; -EFBIG if the file holds more than @cap */
static ssize_t read_file(const char *path, uint8_t *out, size_t cap)
{
	FILE *in = fopen(path, "rbe");
	ssize_t n;

	if (!in)
		return -errno;
	n = (ssize_t)fread(out, 1, cap, in);
	if (ferror(in))
		n = -EIO;
	else if (fgetc(in) != EOF)
		n = -EFBIG;
	fclose(in);
	return n;
}

/* machine code like noise, the same for a name each time */
static void fill_pattern(const char *name, uint8_t *out, size_t n)
{
	uint32_t x = ecu_memory_crc32(0, (const uint8_t *)name, strlen(name)) | 1;

	for (size_t i = 0; i < n; i++) {
		x = x * 1664525 + 1013904223;
		out[i] = (uint8_t)(x >> 24);
	}
}

static int make_new(struct vecu_store *self, const struct vecu_definition *d, struct ecu_nonvolatile *nv,
		    struct yaml_error *error)
{
	const struct vecu_factory *factory = &d->factory;
	const struct ecu_region *first = &d->core.regions[0];
	uint32_t size = factory->size;

	memset(self->flash, ECU_ERASED, self->n_flash);
	*nv = ecu_nonvolatile_default(&d->core);
	if (!factory->present)
		return 0;
	uint8_t *at = first->bytes + (factory->address - first->address);

	if (factory->file[0]) {
		ssize_t n = read_file(factory->file, at, first->size - (factory->address - first->address));

		if (n < 0)
			return failed(error, factory->file, (int)n);
		size = (uint32_t)n;
	} else {
		fill_pattern(d->name, at, size);
	}
	ecu_extents_add(&nv->programmed, factory->address, size);
	nv->app_valid = true;
	memcpy(nv->factory_version, factory->version, sizeof(nv->factory_version));
	return 0;
}

int vecu_store_open(struct vecu_store *self, const char *dir, struct vecu_definition *definition,
		    struct ecu_nonvolatile *nv, struct yaml_error *error)
{
	char path[FILE_PATH_BYTES] = "";
	bool anew = true;
	int r;

	memset(self, 0, sizeof(*self));
	snprintf(self->name, sizeof(self->name), "%s", definition->name);
	if (dir) {
		if (strlen(dir) >= sizeof(self->dir))
			return failed(error, dir, -ENAMETOOLONG);
		memcpy(self->dir, dir, strlen(dir) + 1);
		if (mkdir(dir, 0755) != 0 && errno != EEXIST)
			return failed(error, dir, -errno);
		path_of(self, ".state", path);
		anew = access(path, F_OK) != 0;
	}
	r = allot_regions(self, &definition->core, anew);
	if (r == 0 && anew)
		r = make_new(self, definition, nv, error);
	else if (r == 0)
		r = vecu_state_read(path, &definition->core, nv, error);
	else if (r > 0)
		snprintf(error->text, sizeof(error->text),
			 "%s/%s.bin: is of another size than the memory configured; remove it and the .state file",
			 self->dir, self->name);
	else
		snprintf(error->text, sizeof(error->text), "%s/%s.bin: no memory can be kept there: %s", self->dir,
			 self->name, strerror(-r));
	if (r == 0 && anew) {
		r = vecu_store_save(self, &definition->core, nv);
		if (r != 0)
			failed(error, path, r);
	}
	if (r != 0)
		vecu_store_close(self);
	return r;
}

int vecu_store_save(const struct vecu_store *self, const struct ecu_config *config, const struct ecu_nonvolatile *nv)
{
	char path[FILE_PATH_BYTES], temporary[FILE_PATH_BYTES];
	FILE *out;
	int r = 0;

	if (!self->dir[0])
		return 0;
	path_of(self, ".state", path);
	path_of(self, ".state.tmp", temporary);
	out = fopen(temporary, "we");
	if (!out)
		return -errno;
	if (!vecu_state_write(out, config, nv))
		r = -EIO;
	if (fclose(out) != 0 && r == 0)
		r = -errno;
	if (r == 0 && rename(temporary, path) != 0)
		r = -errno;
	return r;
}

static int sync_path(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);
	int r = 0;

	if (fd < 0)
		return -errno;
	if (fsync(fd) != 0)
		r = -errno;
	close(fd);
	return r;
}

int vecu_store_sync(const struct vecu_store *self)
{
	char path[FILE_PATH_BYTES];
	int r;

	if (!self->dir[0])
		return 0;
	if (msync(self->flash, self->n_flash, MS_SYNC) != 0)
		return -errno;
	path_of(self, ".state", path);
	r = sync_path(path, O_RDONLY);
	return r == 0 ? sync_path(self->dir, O_RDONLY | O_DIRECTORY) : r;
}

void vecu_store_close(struct vecu_store *self)
{
	if (self->flash)
		munmap(self->flash, self->n_flash);
	free(self->ram);
	self->flash = NULL;
	self->ram = NULL;
}
