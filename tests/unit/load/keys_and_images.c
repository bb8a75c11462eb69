/* key_ring, security_key and image_load: secrets by name, keys from seeds, firmware files with their digests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "ecu-flash/load/image_load.h"
#include "ecu-flash/load/profile_load.h"

static char path[] = "/tmp/keys-and-images-XXXXXX";

static void write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	fclose(f);
}

/* RFC 4493, section 4: the key of its examples and the message of example 2 */
#define KEYS "keys:\n- {id: rfc, hex: 2b7e151628aed2a6abf7158809cf4f3c}\n- {id: x, hex: \"01 ff\"}\n"

static const uint8_t message[16] = {0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96,
				    0xe9, 0x3d, 0x7e, 0x11, 0x73, 0x93, 0x17, 0x2a};

static struct profile profile_of(enum profile_security_algorithm algorithm, const char *key)
{
	struct profile p;

	profile_template_single_bank(&p);
	p.security[0].algorithm = algorithm;
	snprintf(p.security[0].key_id, sizeof p.security[0].key_id, "%s", key);
	return p;
}

static char told[256];

static size_t answer_at(const struct key_ring *ring, const char *dir, const struct profile *p, uint8_t level,
			const uint8_t *seed, size_t n_seed, uint8_t *key)
{
	const struct security_question question = {
	    .profile = p, .level = level, .seed = seed, .n_seed = n_seed, .hardware_id = "HW-7"};
	size_t n;

	told[0] = '\0';
	n = security_answer(ring, dir, &question, key, told, sizeof told);
	if (!n)
		assert_true(told[0]); /* a reason, always */
	return n;
}

static size_t answer(const struct key_ring *ring, const struct profile *p, const uint8_t *seed, size_t n_seed,
		     uint8_t *key)
{
	return answer_at(ring, NULL, p, p->security[0].level, seed, n_seed, key);
}

static void the_key_is_the_cmac_of_the_seed(void **state)
{
	(void)state;
	static const uint8_t expected[16] = {0x07, 0x0a, 0x16, 0xb4, 0x6b, 0x4d, 0x41, 0x44,
					     0xf7, 0x9b, 0xdd, 0x9d, 0xd0, 0x4a, 0x28, 0x7c};
	struct profile p = profile_of(PROFILE_SECURITY_AES128_CMAC, "rfc");
	struct yaml_error error;
	struct key_ring *ring;
	uint8_t key[64];

	write_file(KEYS);
	assert_int_equal(key_ring_load(path, &ring, &error), 0);
	assert_int_equal(answer(ring, &p, message, sizeof message, key), 16);
	assert_memory_equal(key, expected, 16);
	p = profile_of(PROFILE_SECURITY_AES128_CMAC, "x"); /* of 2 bytes */
	assert_int_equal(answer(ring, &p, message, sizeof message, key), 0);
	p = profile_of(PROFILE_SECURITY_AES128_CMAC, "unknown");
	assert_int_equal(answer(ring, &p, message, sizeof message, key), 0);
	assert_int_equal(answer(NULL, &p, message, sizeof message, key), 0);
	key_ring_free(ring);
}

static void the_xor_key_repeats_its_constant(void **state)
{
	(void)state;
	struct profile p = profile_of(PROFILE_SECURITY_XOR, "x");
	struct yaml_error error;
	struct key_ring *ring;
	uint8_t key[64];

	write_file(KEYS);
	assert_int_equal(key_ring_load(path, &ring, &error), 0);
	assert_int_equal(answer(ring, &p, (const uint8_t *)"\x10\x20\x30", 3, key), 3);
	assert_memory_equal(key, "\x11\xdf\x31", 3);
	assert_int_equal(answer(ring, &p, message, 0, key), 0);
	p = profile_of(PROFILE_SECURITY_NONE, "x");
	assert_int_equal(answer(ring, &p, message, 4, key), 0);
	key_ring_free(ring);
}

static struct profile library_profile(const char *library)
{
	struct profile p = profile_of(PROFILE_SECURITY_LIBRARY, "");

	snprintf(p.name, sizeof p.name, "lamp");
	snprintf(p.security[0].library, sizeof p.security[0].library, "%s", library);
	return p;
}

static void the_key_is_what_the_library_says(void **state)
{
	(void)state;
	struct profile p = library_profile("seed_key_example");
	struct yaml_error error;
	struct key_ring *ring;
	uint8_t key[64];

	write_file(KEYS);
	assert_int_equal(key_ring_load(path, &ring, &error), 0);
	snprintf(p.security[0].key_id, sizeof p.security[0].key_id, "x");
	assert_int_equal(answer_at(ring, TEST_LIBRARY_DIR, &p, 1, (const uint8_t *)"\x10\x20\x30", 3, key), 3);
	assert_memory_equal(key, "\x30\xde\x10", 3); /* turned round, XOR 01, XOR 01 ff */
	key_ring_free(ring);
	p = library_profile("seed_key_TELLS");
	p.security[0].level = 0x21;
	assert_int_equal(answer_at(NULL, TEST_LIBRARY_DIR, &p, 0x21, message, 16, key), 9);
	assert_memory_equal(key, "lampHW-7\x21", 9);
}

static void expect_no_key(const char *dir, const char *library, const char *reason)
{
	struct profile p = library_profile(library);
	uint8_t key[64];

	memset(key, 0xa5, sizeof key);
	assert_int_equal(answer_at(NULL, dir, &p, 1, message, 16, key), 0);
	if (!strstr(told, reason))
		fail_msg("'%s' does not say '%s'", told, reason);
	for (size_t i = 0; i < sizeof key; i++)
		assert_int_equal(key[i], 0xa5);
}

static void a_library_that_is_not_as_it_should_be_gives_no_key(void **state)
{
	(void)state;
	expect_no_key(TEST_LIBRARY_DIR, "seed_key_NONE", "'seed_key_NONE': is not in the folder");
	expect_no_key(NULL, "seed_key_example", "no folder for such libraries is set");
	expect_no_key("", "seed_key_example", "no folder for such libraries is set");
	expect_no_key(TEST_LIBRARY_DIR, "../lib/seed_key_example", "[A-Za-z0-9_-] alone");
	expect_no_key(TEST_LIBRARY_DIR, "seed_key_NO_VERSION", "has no seed_key_abi_version");
	expect_no_key(TEST_LIBRARY_DIR, "seed_key_NO_FUNCTION", "has no seed_key_compute");
	expect_no_key(TEST_LIBRARY_DIR, "seed_key_OTHER_VERSION",
		      "is built for version 2 of the interface, this is version 1");
	expect_no_key(TEST_LIBRARY_DIR, "seed_key_REFUSES", "refused (code 7)");
	expect_no_key(TEST_LIBRARY_DIR, "seed_key_TOO_LONG", "gave a key of 65 bytes, not 1..64");
	expect_no_key(TEST_LIBRARY_DIR, "seed_key_example", "refused (code 1)"); /* it wants a secret */
}

static void a_file_that_is_no_library_gives_no_key(void **state)
{
	(void)state;
	char dir[] = "/tmp/seed-key-XXXXXX", file[64];
	FILE *f;

	assert_non_null(mkdtemp(dir));
	snprintf(file, sizeof file, "%s/text.so", dir);
	f = fopen(file, "w");
	assert_non_null(f);
	fputs("no library\n", f);
	fclose(f);
	expect_no_key(dir, "text", "text.so");
	unlink(file);
	rmdir(dir);
}

static void each_level_has_its_own_key(void **state)
{
	(void)state;
	struct profile p = profile_of(PROFILE_SECURITY_AES128_CMAC, "rfc");
	struct yaml_error error;
	struct key_ring *ring;
	uint8_t key[64];

	write_file(KEYS);
	assert_int_equal(key_ring_load(path, &ring, &error), 0);
	p.security[1] =
	    (struct profile_security){.name = "boot", .level = 0x11, .algorithm = PROFILE_SECURITY_XOR, .key_id = "x"};
	p.n_security = 2;
	assert_int_equal(answer_at(ring, NULL, &p, 1, message, 16, key), 16);
	assert_int_equal(answer_at(ring, NULL, &p, 0x11, message, 3, key), 3);
	assert_int_equal(key[0], message[0] ^ 0x01);
	assert_int_equal(answer_at(ring, NULL, &p, 0x21, message, 16, key), 0);
	key_ring_free(ring);
}

static void what_is_missing_is_told_before_the_ecu_is_asked_for_a_seed(void **state)
{
	(void)state;
	struct profile p = profile_of(PROFILE_SECURITY_AES128_CMAC, "rfc");
	struct profile_security *s = &p.security[0];
	struct yaml_error error;
	struct key_ring *ring;

	write_file(KEYS);
	assert_int_equal(key_ring_load(path, &ring, &error), 0);
	assert_true(security_ready(ring, NULL, s, told, sizeof told));
	assert_false(security_ready(NULL, NULL, s, told, sizeof told));
	assert_non_null(strstr(told, "rfc: the key file has no key of this name"));
	snprintf(s->key_id, sizeof s->key_id, "x");
	assert_false(security_ready(ring, NULL, s, told, sizeof told));
	assert_non_null(strstr(told, "16 bytes"));
	p = library_profile("seed_key_example");
	assert_true(security_ready(ring, TEST_LIBRARY_DIR, s, told, sizeof told));
	assert_false(security_ready(ring, NULL, s, told, sizeof told));
	assert_false(security_ready(ring, "/nonexistent", s, told, sizeof told));
	assert_non_null(strstr(told, "/nonexistent/seed_key_example.so: No such file"));
	key_ring_free(ring);
}

static void expect_keys_refused(const char *text, const char *reason)
{
	struct yaml_error error;
	struct key_ring *ring = NULL;

	write_file(text);
	assert_int_equal(key_ring_load(path, &ring, &error), 1);
	assert_null(ring);
	if (!strstr(error.text, reason) || !strstr(error.text, path))
		fail_msg("'%s' does not say '%s'", error.text, reason);
}

static void a_wrong_key_file_is_refused_and_never_quoted(void **state)
{
	(void)state;
	expect_keys_refused("keys:\n- {id: a, hex: 00}\n- {id: a, hex: 01}\n", ":3: keys[1].id: \"a\" is there twice");
	expect_keys_refused("keys:\n- {id: a, hex: secret}\n", ":2: keys[0].hex: must be 1..64 bytes in hexadecimal");
	expect_keys_refused("keys:\n- {id: a}\n", "keys[0].hex");
	expect_keys_refused("keys: 3\n", "keys");
}

static void an_image_has_both_digests(void **state)
{
	(void)state;
	/* sha256 of "abc", FIPS 180-2, cut in two segments */
	static const uint8_t abc[4] = {0xba, 0x78, 0x16, 0xbf};
	struct image_file file;
	char text[256];

	write_file(":0100000061 9E\n");
	assert_int_equal(image_load(path, IMAGE_AUTO, 0, &file, text, sizeof text), 1);
	write_file(":02001000626329\n:01000000619E\n:00000001FF\n");
	assert_int_equal(image_load(path, IMAGE_AUTO, 0, &file, text, sizeof text), 0);
	assert_int_equal(file.image.n_segments, 2);
	assert_memory_equal(file.segments_sha256, abc, sizeof abc);
	assert_memory_not_equal(file.file_sha256, file.segments_sha256, 32);
	image_unload(&file);
	image_unload(&file); /* harmless */
	write_file("abc");
	assert_int_equal(image_load(path, IMAGE_AUTO, 0x8000, &file, text, sizeof text), 0);
	assert_true(file.image.segments[0].address == 0x8000);
	assert_memory_equal(file.file_sha256, abc, sizeof abc);
	assert_memory_equal(file.file_sha256, file.segments_sha256, 32);
	image_unload(&file);
}

static void a_broken_image_names_file_and_line(void **state)
{
	(void)state;
	struct image_file file = {0};
	char text[256];
	char expected[64];

	write_file(":01000000619E\n:0100010061FF\n:00000001FF\n");
	assert_int_equal(image_load(path, IMAGE_AUTO, 0, &file, text, sizeof text), 1);
	snprintf(expected, sizeof expected, "%s:2: the checksum", path);
	assert_int_equal(strncmp(text, expected, strlen(expected)), 0);
	assert_int_equal(file.image.n_segments, 0);
	write_file("");
	assert_int_equal(image_load(path, IMAGE_AUTO, 0, &file, text, sizeof text), 1);
	assert_non_null(strstr(text, "empty"));
	assert_true(image_load("/nonexistent.hex", IMAGE_AUTO, 0, &file, text, sizeof text) < 0);
	assert_non_null(strstr(text, "/nonexistent.hex"));
	assert_true(image_load("/tmp", IMAGE_AUTO, 0, &file, text, sizeof text) < 0);
}

static int make_file(void **state)
{
	(void)state;
	int fd = mkstemp(path);

	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_key_is_the_cmac_of_the_seed),
	    cmocka_unit_test(the_xor_key_repeats_its_constant),
	    cmocka_unit_test(the_key_is_what_the_library_says),
	    cmocka_unit_test(a_library_that_is_not_as_it_should_be_gives_no_key),
	    cmocka_unit_test(a_file_that_is_no_library_gives_no_key),
	    cmocka_unit_test(each_level_has_its_own_key),
	    cmocka_unit_test(what_is_missing_is_told_before_the_ecu_is_asked_for_a_seed),
	    cmocka_unit_test(a_wrong_key_file_is_refused_and_never_quoted),
	    cmocka_unit_test(an_image_has_both_digests),
	    cmocka_unit_test(a_broken_image_names_file_and_line),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_file, remove_file);
}
