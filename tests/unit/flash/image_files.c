/* image: real firmware files, and what binutils makes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "ecu-flash/image.h"

#define MICROBIT "/usr/share/firmware-microbit-micropython/firmware.hex"

struct loaded {
	struct image image;
	uint8_t *bytes;
	uint8_t *buf;
};

static char folder[] = "/tmp/image-files-XXXXXX";

static const char *path_of(const char *name)
{
	static char path[64];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static void load(struct loaded *file, const char *path, enum image_format expected)
{
	struct image_error error = {0};
	FILE *f = fopen(path, "rb");
	long n;

	assert_non_null(f);
	fseek(f, 0, SEEK_END);
	n = ftell(f);
	rewind(f);
	assert_true(n > 0);
	file->bytes = malloc((size_t)n);
	file->buf = malloc((size_t)n);
	assert_int_equal(fread(file->bytes, 1, (size_t)n, f), n);
	fclose(f);
	if (image_parse(&file->image, IMAGE_AUTO, file->bytes, (size_t)n, 0, file->buf, (size_t)n, &error))
		fail_msg("%s:%u: %s", path, error.line, error.text);
	assert_int_equal(file->image.format, expected);
}

static void unload(struct loaded *file)
{
	free(file->bytes);
	free(file->buf);
}

static void expect_same_segments(const struct loaded *a, const struct loaded *b)
{
	assert_int_equal(a->image.n_segments, b->image.n_segments);
	for (size_t i = 0; i < a->image.n_segments; i++) {
		assert_true(a->image.segments[i].address == b->image.segments[i].address);
		assert_int_equal(a->image.segments[i].n_bytes, b->image.segments[i].n_bytes);
		assert_memory_equal(a->image.segments[i].data, b->image.segments[i].data, a->image.segments[i].n_bytes);
	}
}

/* Return: false where the machine has no objcopy */
static bool objcopy(const char *options, const char *from, const char *to)
{
	char command[512];

	snprintf(command, sizeof command, "objcopy %s %s %s/%s 2>%s/log", options, from, folder, to, folder);
	int status = system(command);

	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return false;
	assert_int_equal(status, 0);
	return true;
}

#define NEED(have, what)                                                       \
	do {                                                                   \
		if (!(have)) {                                                 \
			print_message("SKIPPED: " what " is not installed\n"); \
			skip();                                                \
		}                                                              \
	} while (0)

static void the_microbit_hex_has_its_segments_and_its_entry(void **state)
{
	(void)state;
	struct loaded file;

	NEED(access(MICROBIT, R_OK) == 0, "firmware-microbit-micropython");
	load(&file, MICROBIT, IMAGE_IHEX);
	/* the program in flash from 0, and the configuration registers (UICR) of the nRF51 */
	assert_true(file.image.n_segments >= 2);
	assert_true(file.image.segments[0].address == 0);
	assert_true(file.image.segments[file.image.n_segments - 1].address == 0x100010c0);
	assert_int_equal(file.image.segments[file.image.n_segments - 1].n_bytes, 28);
	assert_int_equal(file.image.entry, 0x1ccd9);
	/* the vector table: the initial stack pointer, then the reset handler, which is the entry */
	assert_memory_equal(file.image.segments[0].data, "\x00\x40\x00\x20\xd9\xcc\x01\x00", 8);
	unload(&file);
}

static void objcopy_makes_the_same_s_records_of_the_microbit_hex(void **state)
{
	(void)state;
	struct loaded hex, srec, again;

	NEED(access(MICROBIT, R_OK) == 0, "firmware-microbit-micropython");
	NEED(objcopy("-I ihex -O srec", MICROBIT, "microbit.srec"), "objcopy");
	objcopy("-I srec -O ihex", path_of("microbit.srec"), "again.hex");
	load(&hex, MICROBIT, IMAGE_IHEX);
	load(&srec, path_of("microbit.srec"), IMAGE_SREC);
	load(&again, path_of("again.hex"), IMAGE_IHEX);
	expect_same_segments(&hex, &srec);
	expect_same_segments(&hex, &again);
	assert_true(srec.image.entry == hex.image.entry);
	unload(&hex);
	unload(&srec);
	unload(&again);
}

static void s_records_of_an_elf_equal_its_binary(void **state)
{
	(void)state;
	static const char *const widths[] = {"", "--srec-forceS3", "--srec-len=251"};
	struct loaded binary;

	NEED(objcopy("-O binary -j .text", "/proc/self/exe", "text.bin"), "objcopy");
	/* moved near 0, so that narrow S1 and S2 addresses occur too */
	load(&binary, path_of("text.bin"), IMAGE_RAW);
	for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
		char options[128];
		struct loaded srec, hex;

		snprintf(options, sizeof options, "-O srec -j .text --change-section-address .text=0x1000 %s",
			 widths[i]);
		objcopy(options, "/proc/self/exe", "text.srec");
		objcopy("-O ihex -j .text --change-section-address .text=0x1000", "/proc/self/exe", "text.hex");
		load(&srec, path_of("text.srec"), IMAGE_SREC);
		load(&hex, path_of("text.hex"), IMAGE_IHEX);
		assert_int_equal(srec.image.n_segments, 1);
		assert_true(srec.image.segments[0].address == 0x1000);
		assert_int_equal(srec.image.n_bytes, binary.image.n_bytes);
		assert_memory_equal(srec.image.segments[0].data, binary.image.segments[0].data, binary.image.n_bytes);
		expect_same_segments(&srec, &hex);
		unload(&srec);
		unload(&hex);
	}
	unload(&binary);
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	static const char *const names[] = {"microbit.srec", "again.hex", "text.bin", "text.srec", "text.hex", "log"};

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unlink(path_of(names[i]));
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_microbit_hex_has_its_segments_and_its_entry),
	    cmocka_unit_test(objcopy_makes_the_same_s_records_of_the_microbit_hex),
	    cmocka_unit_test(s_records_of_an_elf_equal_its_binary),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
