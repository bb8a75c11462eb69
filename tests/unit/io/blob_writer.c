/* blob_writer: files that come in pieces, cut off, damaged, too long, onto a full disk. */
#include "rig.h"

#include <semaphore.h>

#include "gatewayd/io/blob_store.h"
#include "proto/crypto.h"

#define BIG_BYTES (3u * 1024u * 1024u)

static uv_loop_t loop;
static struct blob_store *store;
static uint8_t big[BIG_BYTES];

/* one download; what a test wants done inside a callback is said before */
struct download {
	struct blob_writer *writer;
	struct file_ref file;
	const uint8_t *bytes;
	bool ready, done;
	uint64_t offset;
	unsigned code;
	char text[200];
	unsigned n_ready, n_done, n_drain;
	bool drain_after_done;
	bool close_in_ready, close_in_drain, close_in_done;
	struct download *begin_in_ready; /* another one of the same file */
	bool drained;
};

static void download_close(struct download *d)
{
	blob_writer_close(d->writer);
	d->writer = NULL;
}

static void download_begin(struct download *d);

static void on_ready(void *owner, uint64_t offset)
{
	struct download *d = owner;

	d->ready = true;
	d->offset = offset;
	d->n_ready++;
	if (d->close_in_ready)
		download_close(d);
	if (d->begin_in_ready)
		download_begin(d->begin_in_ready);
}

static void on_done(void *owner, unsigned code, const char *text)
{
	struct download *d = owner;

	d->done = true;
	d->code = code;
	d->n_done++;
	snprintf(d->text, sizeof(d->text), "%s", text);
	if (d->close_in_done)
		download_close(d);
}

static void on_drain(void *owner)
{
	struct download *d = owner;

	d->n_drain++;
	d->drained = true;
	d->drain_after_done = d->done;
	if (d->close_in_drain)
		download_close(d);
}

static void download_begin(struct download *d)
{
	const struct blob_writer_callbacks callbacks = {
	    .owner = d, .on_ready = on_ready, .on_done = on_done, .on_drain = on_drain};

	d->ready = d->done = false;
	assert_int_equal(blob_writer_new(store, &d->file, &callbacks, &d->writer), 0);
}

static struct download download_of(const uint8_t *bytes, size_t n)
{
	struct download d = {.bytes = bytes, .file.length = n};

	crypto_sha256(bytes, n, d.file.sha256);
	return d;
}

/* begins, and waits until it says from where on it wants bytes */
static void download_open(struct download *d)
{
	download_begin(d);
	rig_run_until(&loop, &d->ready);
}

static int64_t download_put(struct download *d, size_t from, size_t n)
{
	return blob_writer_write(d->writer, d->bytes + from, n);
}

static void download_finish(struct download *d)
{
	rig_run_until(&loop, &d->done);
	download_close(d);
}

static const char *path_in(const char *folder, const struct file_ref *file)
{
	char name[100];
	size_t n = (size_t)snprintf(name, sizeof(name), "state/%s/", folder);

	for (size_t i = 0; i < 32; i++)
		snprintf(name + n + 2 * i, 3, "%02x", file->sha256[i]);
	return rig_path(name);
}

static void expect_content(const char *path, const uint8_t *bytes, size_t n)
{
	FILE *file = fopen(path, "re");
	uint8_t *held = malloc(n + 1);

	assert_non_null(file);
	assert_non_null(held);
	assert_int_equal(fread(held, 1, n + 1, file), n);
	assert_memory_equal(held, bytes, n);
	free(held);
	fclose(file);
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

/* --- the way of a good file */

static void a_file_that_comes_in_pieces_is_held_under_its_digest(void **state)
{
	(void)state;
	struct download d = download_of(big, 100000);

	download_open(&d);
	assert_int_equal(d.offset, 0);
	for (size_t at = 0; at < 100000; at += 1000) {
		assert_false(blob_store_has(store, &d.file));
		assert_true(download_put(&d, at, 1000) >= 0);
	}
	download_finish(&d);
	assert_int_equal(d.code, GATEWAY_CODE_OK);
	assert_true(blob_store_has(store, &d.file));
	expect_content(path_in("images", &d.file), big, 100000);
	assert_int_equal(rig_size(path_in("partial", &d.file)), -1);
	assert_int_equal(d.n_ready, 1);
	assert_int_equal(d.n_done, 1);
	assert_int_equal(d.n_drain, 0);
}

static void a_download_goes_on_at_the_byte_where_it_stopped(void **state)
{
	(void)state;
	struct download d = download_of(big, 3001);

	download_open(&d);
	download_put(&d, 0, 1234);
	download_close(&d);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(blob_store_held(store, &d.file), 1234);
	download_open(&d);
	assert_int_equal(d.offset, 1234);
	download_put(&d, 1234, 3001 - 1234);
	download_finish(&d);
	assert_int_equal(d.code, GATEWAY_CODE_OK);
	expect_content(path_in("images", &d.file), big, 3001);
}

static void a_partial_file_that_is_all_there_finishes_by_itself(void **state)
{
	(void)state;
	struct download d = download_of(big, 5000);

	rig_write(path_in("partial", &d.file), big, 5000);
	download_begin(&d);
	download_finish(&d);
	assert_int_equal(d.n_ready, 1);
	assert_int_equal(d.offset, 5000);
	assert_int_equal(d.code, GATEWAY_CODE_OK);
	assert_true(blob_store_has(store, &d.file));
}

static void a_piece_without_bytes_changes_nothing(void **state)
{
	(void)state;
	struct download d = download_of(big, 500);

	download_open(&d);
	assert_int_equal(blob_writer_write(d.writer, NULL, 0), 0);
	download_put(&d, 0, 500);
	assert_true(blob_writer_write(d.writer, NULL, 0) >= 0);
	download_finish(&d);
	assert_int_equal(d.code, GATEWAY_CODE_OK);
	assert_int_equal(d.n_done, 1);
}

/* --- what is wrong with it */

static void a_partial_file_longer_than_announced_is_begun_anew(void **state)
{
	(void)state;
	struct download d = download_of(big, 800);

	rig_write(path_in("partial", &d.file), big + 7, 801);
	assert_int_equal(blob_store_held(store, &d.file), 0);
	download_open(&d);
	assert_int_equal(d.offset, 0);
	download_put(&d, 0, 800);
	download_finish(&d);
	assert_int_equal(d.code, GATEWAY_CODE_OK);
	expect_content(path_in("images", &d.file), big, 800);
}

static void a_damaged_partial_file_is_a_digest_mismatch_and_dropped(void **state)
{
	(void)state;
	struct download d = download_of(big, 4000);

	rig_write(path_in("partial", &d.file), big + 1, 2000);
	download_open(&d);
	assert_int_equal(d.offset, 2000);
	download_put(&d, 2000, 2000);
	download_finish(&d);
	assert_int_equal(d.code, GATEWAY_CODE_DIGEST_MISMATCH);
	rig_expect_words(d.text, "digest");
	assert_int_equal(rig_size(path_in("partial", &d.file)), -1);
	assert_int_equal(rig_size(path_in("images", &d.file)), -1);
	download_open(&d);
	assert_int_equal(d.offset, 0);
	download_put(&d, 0, 4000);
	download_finish(&d);
	assert_int_equal(d.code, GATEWAY_CODE_OK);
}

static void wrong_bytes_never_get_the_name(void **state)
{
	(void)state;
	struct download d = download_of(big, 4000);

	d.bytes = big + 1;
	download_open(&d);
	download_put(&d, 0, 4000);
	download_finish(&d);
	assert_int_equal(d.code, GATEWAY_CODE_DIGEST_MISMATCH);
	assert_false(blob_store_has(store, &d.file));
	assert_int_equal(rig_size(path_in("images", &d.file)), -1);
}

static void more_bytes_than_the_file_has_are_refused_and_spoil_nothing(void **state)
{
	(void)state;
	struct download d = download_of(big, 1000);

	download_open(&d);
	download_put(&d, 0, 999);
	assert_int_equal(download_put(&d, 999, 2), -EMSGSIZE);
	download_put(&d, 999, 1);
	assert_int_equal(download_put(&d, 1000, 1), -EMSGSIZE);
	download_finish(&d);
	assert_int_equal(d.code, GATEWAY_CODE_OK);
}

static void a_full_disk_is_told_and_the_download_goes_on_when_there_is_room(void **state)
{
	(void)state;
	struct download d = download_of(big, BIG_BYTES);
	char text[200];
	uint64_t held;

	if (!rig_small_disk("size=512k"))
		skip();
	blob_store_close(store);
	assert_int_equal(blob_store_open(&loop, rig_path("state"), &store, text, sizeof(text)), 0);
	assert_true(blob_store_free_bytes(store) <= 512 * 1024);
	download_open(&d);
	for (size_t at = 0; at < BIG_BYTES && !d.done; at += 65536) {
		int64_t waiting = download_put(&d, at, 65536);

		if (waiting < 0)
			assert_int_equal(waiting, -ENOSPC);
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	rig_run_until(&loop, &d.done);
	assert_int_equal(d.code, GATEWAY_CODE_NO_SPACE);
	rig_expect_words(d.text, "No space");
	/* what comes late is told the same, not hashed and written behind a gap */
	assert_int_equal(download_put(&d, 0, 10), -ENOSPC);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(d.n_done, 1);
	download_close(&d);
	held = blob_store_held(store, &d.file);
	assert_in_range(held, 1, 512 * 1024);

	assert_true(rig_small_disk("size=8m"));
	download_open(&d);
	assert_int_equal(d.offset, held);
	download_put(&d, held, BIG_BYTES - held);
	download_finish(&d);
	assert_int_equal(d.code, GATEWAY_CODE_OK);
	expect_content(path_in("images", &d.file), big, BIG_BYTES);
}

/* --- pressure, and being closed at any moment */

static void a_fast_peer_is_held_back_and_let_go_once(void **state)
{
	(void)state;
	struct download d = download_of(big, BIG_BYTES);
	int64_t waiting = 0;
	size_t at = 0;

	download_open(&d);
	while (waiting <= (int64_t)BLOB_WRITER_HIGH_BYTES) {
		waiting = download_put(&d, at, 65536);
		at += 65536;
		assert_true(at < BIG_BYTES);
	}
	assert_int_equal(d.n_drain, 0);
	rig_run_until(&loop, &d.drained);
	assert_int_equal(d.n_drain, 1);
	assert_true(download_put(&d, at, 1) <= (int64_t)BLOB_WRITER_HIGH_BYTES / 4 + 1);
	download_put(&d, at + 1, BIG_BYTES - at - 1);
	download_finish(&d);
	assert_int_equal(d.code, GATEWAY_CODE_OK);
	assert_int_equal(d.n_drain, 2);
	assert_false(d.drain_after_done);
}

static void nothing_is_told_after_a_close_in_the_middle(void **state)
{
	(void)state;
	struct download d = download_of(big, BIG_BYTES);

	download_open(&d);
	download_put(&d, 0, 100000);
	download_put(&d, 100000, BIG_BYTES - 100000);
	download_close(&d);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(d.n_done + d.n_drain, 0);
	/* the first piece was with the thread pool already; it is kept */
	assert_int_equal(blob_store_held(store, &d.file), 100000);

	download_begin(&d);
	download_close(&d); /* while it still hashes */
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(d.n_ready, 1);
}

static void it_may_be_closed_in_each_of_its_callbacks(void **state)
{
	(void)state;
	struct download d = download_of(big, BIG_BYTES);

	d.close_in_ready = true;
	download_open(&d);
	assert_null(d.writer);
	d.close_in_ready = false;

	d.close_in_drain = true;
	download_open(&d);
	download_put(&d, 0, 1000);
	download_put(&d, 1000, BIG_BYTES - 1000);
	rig_run_until(&loop, &d.drained);
	assert_null(d.writer);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(d.n_done, 0);

	d.close_in_drain = false;
	d.close_in_done = true;
	download_begin(&d);
	rig_run_until(&loop, &d.ready);
	if (d.offset < BIG_BYTES)
		download_put(&d, d.offset, BIG_BYTES - d.offset);
	rig_run_until(&loop, &d.done);
	assert_null(d.writer);
	assert_int_equal(d.code, GATEWAY_CODE_OK);
}

static sem_t blocked;

static void block(uv_work_t *work)
{
	(void)work;
	sem_wait(&blocked);
}

static void after_block(uv_work_t *work, int status)
{
	(void)work;
	(void)status;
}

/* The pool has one thread here, so that the order is: hash of the first, block, finish of the first, the second's. */
static void a_download_begun_while_a_closed_one_finishes_ends_well(void **state)
{
	(void)state;
	struct download first = download_of(big, 5000), second = download_of(big, 5000);
	uv_work_t work;

	rig_write(path_in("partial", &first.file), big, 5000);
	sem_init(&blocked, 0, 0);
	first.close_in_ready = true;
	first.begin_in_ready = &second;
	download_begin(&first);
	uv_queue_work(&loop, &work, block, after_block);
	rig_run_until(&loop, &first.ready);
	assert_false(blob_store_has(store, &first.file));
	sem_post(&blocked);
	download_finish(&second);
	sem_destroy(&blocked);
	assert_int_equal(first.n_done, 0);
	if (second.code)
		fail_msg("%u: %s", second.code, second.text);
	assert_true(blob_store_has(store, &second.file));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_file_that_comes_in_pieces_is_held_under_its_digest),
	    TEST(a_download_goes_on_at_the_byte_where_it_stopped),
	    TEST(a_partial_file_that_is_all_there_finishes_by_itself),
	    TEST(a_piece_without_bytes_changes_nothing),
	    TEST(a_partial_file_longer_than_announced_is_begun_anew),
	    TEST(a_damaged_partial_file_is_a_digest_mismatch_and_dropped),
	    TEST(wrong_bytes_never_get_the_name),
	    TEST(more_bytes_than_the_file_has_are_refused_and_spoil_nothing),
	    TEST(a_full_disk_is_told_and_the_download_goes_on_when_there_is_room),
	    TEST(a_fast_peer_is_held_back_and_let_go_once),
	    TEST(nothing_is_told_after_a_close_in_the_middle),
	    TEST(it_may_be_closed_in_each_of_its_callbacks),
	    TEST(a_download_begun_while_a_closed_one_finishes_ends_well),
	};

	rig_own_mounts();
	setenv("UV_THREADPOOL_SIZE", "1", 1);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
