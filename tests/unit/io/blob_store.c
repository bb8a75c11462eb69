/* blob_store: what is held, read and swept. */
#include "rig.h"

#include "gatewayd/io/blob_store.h"
#include "proto/crypto.h"

static uv_loop_t loop;
static struct blob_store *store;
static uint8_t big[4096];

static const char *path_in(const char *folder, const struct file_ref *file)
{
	char name[100];
	size_t n = (size_t)snprintf(name, sizeof(name), "state/%s/", folder);

	for (size_t i = 0; i < 32; i++)
		snprintf(name + n + 2 * i, 3, "%02x", file->sha256[i]);
	return rig_path(name);
}

static struct file_ref ref_of(size_t n)
{
	struct file_ref file = {.length = n};

	crypto_sha256(big, n, file.sha256);
	return file;
}

static int setup(void **state)
{
	char text[200];

	if (rig_setup(state) || uv_loop_init(&loop))
		return -1;
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (uint8_t)(i * 2654435761u >> 24);
	return blob_store_open(&loop, rig_path("state"), &store, text, sizeof(text));
}

static int teardown(void **state)
{
	uv_run(&loop, UV_RUN_DEFAULT);
	blob_store_close(store);
	if (uv_loop_close(&loop))
		return -1;
	return rig_teardown(state);
}

static void a_held_file_of_another_length_is_not_the_one(void **state)
{
	(void)state;
	struct file_ref file = ref_of(300);

	rig_write(path_in("images", &file), big, 300);
	assert_true(blob_store_has(store, &file));
	assert_int_equal(blob_store_held(store, &file), 300);
	file.length = 301;
	assert_false(blob_store_has(store, &file));
	assert_int_equal(blob_store_held(store, &file), 0);
	blob_store_drop(store, file.sha256);
	file.length = 300;
	assert_false(blob_store_has(store, &file));
}

static void a_small_file_is_read_whole_or_not_at_all(void **state)
{
	(void)state;
	struct file_ref file = ref_of(300), other = ref_of(301);
	uint8_t *bytes = NULL;
	size_t n = 0;

	rig_write(path_in("images", &file), big, 300);
	assert_int_equal(blob_store_read(store, other.sha256, 1000, &bytes, &n), -ENOENT);
	assert_int_equal(blob_store_read(store, file.sha256, 299, &bytes, &n), -EFBIG);
	assert_null(bytes);
	assert_int_equal(blob_store_read(store, file.sha256, 300, &bytes, &n), 0);
	assert_int_equal(n, 300);
	assert_memory_equal(bytes, big, 300);
	free(bytes);
}

static void a_damaged_held_file_is_not_read_and_not_held_any_more(void **state)
{
	(void)state;
	struct file_ref file = ref_of(300);
	uint8_t *bytes = NULL;
	size_t n = 0;

	rig_write(path_in("images", &file), big + 1, 300);
	assert_int_equal(blob_store_read(store, file.sha256, 1000, &bytes, &n), -EBADMSG);
	assert_null(bytes);
	assert_false(blob_store_has(store, &file)); /* so that it is fetched again */
}

static bool keep_none(void *owner, const uint8_t sha256[32])
{
	(void)owner;
	(void)sha256;
	return false;
}

static bool keep_one(void *owner, const uint8_t sha256[32])
{
	return memcmp(owner, sha256, 32) == 0;
}

static void a_sweep_drops_what_nobody_keeps_and_nothing_else(void **state)
{
	(void)state;
	struct file_ref a = ref_of(10), b = ref_of(20), c = ref_of(30);

	rig_write(path_in("images", &a), big, 10);
	rig_write(path_in("images", &b), big, 20);
	rig_write(path_in("partial", &c), big, 3);
	rig_write_text(rig_path("state/images/README"), "not ours");
	blob_store_sweep(store, keep_one, b.sha256);
	assert_false(blob_store_has(store, &a));
	assert_true(blob_store_has(store, &b));
	assert_int_equal(blob_store_held(store, &c), 0);
	assert_int_equal(rig_size(rig_path("state/images/README")), 8);
	blob_store_sweep(store, keep_none, NULL);
	assert_false(blob_store_has(store, &b));
	assert_int_equal(rig_size(rig_path("state/images/README")), 8);
}

static void free_space_is_that_of_the_stores_file_system(void **state)
{
	(void)state;
	static const uint8_t half[512 * 1024];
	struct blob_store *small;
	char text[200];

	assert_true(blob_store_free_bytes(store) > 0);
	if (!rig_small_disk("size=1m"))
		skip();
	assert_int_equal(blob_store_open(&loop, rig_path("s"), &small, text, sizeof(text)), 0);
	assert_in_range(blob_store_free_bytes(small), 900 * 1024, 1024 * 1024);
	rig_write(rig_path("s/partial/x"), half, sizeof(half));
	assert_in_range(blob_store_free_bytes(small), 400 * 1024, 512 * 1024);
	blob_store_close(small);
}

static void a_folder_that_cannot_be_made_is_named(void **state)
{
	(void)state;
	struct blob_store *none = NULL;
	char text[200] = "";

	rig_write_text(rig_path("file"), "x");
	assert_int_equal(blob_store_open(&loop, rig_path("file"), &none, text, sizeof(text)), -ENOTDIR);
	rig_expect_words(text, "file/images");
	assert_int_equal(blob_store_open(&loop, rig_path("no/where"), &none, text, sizeof(text)), -ENOENT);
	rig_expect_words(text, "no/where");
	assert_null(none);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_held_file_of_another_length_is_not_the_one),
	    TEST(a_small_file_is_read_whole_or_not_at_all),
	    TEST(a_damaged_held_file_is_not_read_and_not_held_any_more),
	    TEST(a_sweep_drops_what_nobody_keeps_and_nothing_else),
	    TEST(free_space_is_that_of_the_stores_file_system),
	    TEST(a_folder_that_cannot_be_made_is_named),
	};

	rig_own_mounts();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
