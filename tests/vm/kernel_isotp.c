/*
 * Our ISO-TP against the kernel's, every byte compared in both directions: lengths, forms of addressing, frame lengths,
 * block sizes and separation times. Takes the name of a vcan interface.
 *
 * The kernel's side, as it was seen to behave (6.1): it checks our padding, byte for byte or for its absence; it takes
 * up to 66000 bytes; it never sends WAIT, whatever wftmax says; it takes reserved separation times for 127 ms, as we
 * do; N_Bs and N_Cr are 1 s (ECOMM, ETIMEDOUT), and cannot be set. Without a separation time it sends a whole message
 * from within one interrupt, so that a receiver on an unpaced bus has to have room for all of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/vm/isotp_pair.h"

#define SLOW_MS 400u /* of gaps in one message of the table */

static const char *interface;
static size_t longest;    /* that the kernel takes */
static size_t n_repeated; /* rounds that a machine standing still has spoilt */

static const struct {
	enum isotp_addressing addressing;
	bool extended_id;
} forms[] = {
    {ISOTP_NORMAL, false},  {ISOTP_NORMAL, true}, {ISOTP_NORMAL_FIXED, true}, {ISOTP_EXTENDED, false},
    {ISOTP_EXTENDED, true}, {ISOTP_MIXED, false}, {ISOTP_MIXED, true},
};

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

static size_t short_lengths[300];
/* around the end of the 12 bits of a first frame, and more */
static const size_t long_lengths[] = {4095, 4096, 8200};

static struct pair *add_form(struct bench *bench, size_t i, bool fd, uint8_t block_size)
{
	return bench_add(bench, &(struct pair_config){
				    .addressing = forms[i / 2].addressing,
				    .extended_id = forms[i / 2].extended_id,
				    .fd = fd,
				    .unpadded = i % 2,
				    .block_size = block_size,
				});
}

static void run(struct bench *bench, const char *what, size_t n_lengths, size_t *n_messages)
{
	if (!bench_rounds(bench))
		fail_msg("%s", what);
	assert_int_equal(bench->n_messages, 2 * n_lengths * bench->n_pairs);
	*n_messages += bench->n_messages;
	n_repeated += bench->n_repeated;
	bench_close(bench);
}

static void every_length(bool fd)
{
	struct bench bench = {0};
	size_t n_messages = 0;

	bench_open(&bench, interface, fd);
	for (size_t i = 0; i < 2 * N_OF(forms); i++)
		pair_rounds(add_form(&bench, i, fd, 0), short_lengths, N_OF(short_lengths));
	run(&bench, "short", N_OF(short_lengths), &n_messages);
	/* One at a time: nothing paces the bus, and the kernel sends them without a break, into a buffer that has an
	 * end. */
	for (size_t i = 0; i < 2 * N_OF(forms); i++) {
		bench_open(&bench, interface, fd);
		pair_rounds(add_form(&bench, i, fd, 0), long_lengths, N_OF(long_lengths));
		run(&bench, "long", N_OF(long_lengths), &n_messages);
	}
	/* the kernel's longest, in blocks for the same reason, and not in all forms: ten thousand frames each way */
	for (size_t i = 0; i < 2 * N_OF(forms); i += 9) {
		bench_open(&bench, interface, fd);
		pair_rounds(add_form(&bench, i, fd, 255), &longest, 1);
		run(&bench, "longest", 1, &n_messages);
	}
	printf("#: %s: lengths 1 to 300, 4095, 4096, 8200, %zu in %zu forms: %zu messages\n", fd ? "CAN FD" : "classic",
	       longest, 2 * N_OF(forms), n_messages);
}

static void every_length_in_every_form_on_classic_can(void **state)
{
	(void)state;
	every_length(false);
}

static void every_length_in_every_form_on_can_fd(void **state)
{
	(void)state;
	every_length(true);
}

static int compare_sizes(const void *a, const void *b)
{
	const size_t x = *(const size_t *)a;
	const size_t y = *(const size_t *)b;

	return x < y ? -1 : x > y;
}

/* the lengths at which frames of @dl bytes change their kind or number, for both ends' frames */
static size_t edges(size_t *out, const uint8_t dl[2])
{
	size_t n = 0;

	out[n++] = 1;
	out[n++] = 4095;
	out[n++] = 4096;
	for (size_t side = 0; side < 2; side++) {
		const size_t first = dl[side] - 2u;
		const size_t more = dl[side] - 1u;
		const size_t at[] = {6, first - 1, first, first + more, first + 2 * more, first + 16 * more};

		for (size_t i = 0; i < N_OF(at); i++)
			for (size_t k = 0; k < 3; k++)
				out[n++] = at[i] + k;
	}
	qsort(out, n, sizeof(*out), compare_sizes);
	return n;
}

static void frames_of_every_length_of_can_fd(void **state)
{
	static const uint8_t dls[] = {8, 12, 16, 20, 24, 32, 48, 64};
	static size_t of[N_OF(dls) * N_OF(dls)][40];
	struct bench bench = {0};
	size_t n_lengths = 0;

	(void)state;
	bench_open(&bench, interface, true);
	for (size_t i = 0; i < N_OF(dls) * N_OF(dls); i++) {
		const uint8_t dl[2] = {dls[i / N_OF(dls)], dls[i % N_OF(dls)]};
		struct pair *pair = bench_add(&bench, &(struct pair_config){
							  .addressing = i % 3 ? ISOTP_NORMAL : ISOTP_EXTENDED,
							  .extended_id = i % 2,
							  .fd = true,
							  .our_dl = dl[0],
							  .kernel_dl = dl[1],
							  .unpadded = i % 5 > 1,
						      });
		pair_rounds(pair, of[i], edges(of[i], dl));
		n_lengths += pair->n_lengths;
	}
	assert_true(bench_rounds(&bench));
	assert_int_equal(bench.n_messages, 2 * n_lengths);
	printf("#: TX_DL 8 to 64: %zu pairs of them, %zu messages\n", bench.n_pairs, bench.n_messages);
	n_repeated += bench.n_repeated;
	bench_close(&bench);
}

/* the table of block sizes and separation times */

static const uint8_t block_sizes[] = {0, 1, 2, 3, 5, 8, 15, 16, 64, 255};
static const uint8_t st_mins[] = {0x00, 0x01, 0x02, 0x05, 0x14, 0x7f, 0x80, 0xf0, 0xf1, 0xf5, 0xf9, 0xfa, 0xff};

/* one, one full, one more than one, and one more than two blocks, as far as the gaps leave time */
static size_t blocks(size_t *out, uint8_t dl, uint8_t block_size, uint8_t st_min)
{
	const size_t first = dl - 2u;
	const size_t more = dl - 1u;
	const size_t gap_us = isotp_st_min_to_us(st_min);
	const size_t most = gap_us ? SLOW_MS * 1000u / gap_us : 600;
	const size_t block = block_size ? block_size : 17;
	const size_t frames[] = {2, block, block + 1, 2 * block + 1};
	size_t n = 0;

	out[n++] = first + 2 * more + 1; /* three frames, the last of one byte */
	for (size_t i = 0; i < N_OF(frames); i++)
		if (frames[i] <= most)
			out[n++] = first + frames[i] * more;
	return n;
}

static void hold_gaps(const struct bench *bench, size_t n_gaps[2])
{
	for (size_t i = 0; i < bench->n_pairs; i++) {
		const struct pair *pair = bench->pairs[i];
		const uint8_t asked[2] = {pair->config.kernel_st_min, pair->config.st_min};

		for (size_t side = 0; side < 2; side++) {
			const uint64_t least_us = isotp_st_min_to_us(asked[side]);

			n_gaps[side] += pair->n_gaps[side];
			if (pair->n_gaps[side] > 0 && pair->least_gap_ns[side] < least_us * 1000u)
				fail_msg("STmin %02X asks for %u us, %s left %u ns", asked[side], (unsigned)least_us,
					 side ? "the kernel" : "our side", (unsigned)pair->least_gap_ns[side]);
		}
	}
}

/* from combination @from of the table on; Return: the next one */
static size_t part_of_the_table(size_t from, size_t *n_messages, size_t n_gaps[2])
{
	static size_t of[BENCH_MAX][5];
	const size_t n = 2 * N_OF(block_sizes) * N_OF(st_mins);
	struct bench bench = {.watch = true};

	bench_open(&bench, interface, true);
	for (; from < n && bench.n_pairs < BENCH_MAX; from++) {
		const uint8_t block_size = block_sizes[from / 2 % N_OF(block_sizes)];
		const uint8_t st_min = st_mins[from / 2 / N_OF(block_sizes)];
		const bool fd = from % 2;
		size_t *list = of[bench.n_pairs];
		struct pair *pair = bench_add(&bench, &(struct pair_config){
							  .fd = fd,
							  .block_size = block_size,
							  .kernel_block_size = block_size,
							  .st_min = st_min,
							  .kernel_st_min = st_min,
						      });
		pair_rounds(pair, list, blocks(list, fd ? 64 : 8, block_size, st_min));
	}
	assert_true(bench_rounds(&bench));
	hold_gaps(&bench, n_gaps);
	*n_messages += bench.n_messages;
	n_repeated += bench.n_repeated;
	bench_close(&bench);
	return from;
}

static void every_block_size_and_separation_time_is_kept(void **state)
{
	const size_t n = 2 * N_OF(block_sizes) * N_OF(st_mins);
	size_t n_messages = 0;
	size_t n_gaps[2] = {0, 0};

	(void)state;
	for (size_t from = 0; from < n;)
		from = part_of_the_table(from, &n_messages, n_gaps);
	assert_true(n_gaps[0] > 1000 && n_gaps[1] > 1000);
	printf("#: %zu BS x %zu STmin, classic and FD: %zu messages, %zu gaps of ours and %zu of the kernel's, none "
	       "short\n",
	       N_OF(block_sizes), N_OF(st_mins), n_messages, n_gaps[0], n_gaps[1]);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_length_in_every_form_on_classic_can),
	    cmocka_unit_test(every_length_in_every_form_on_can_fd),
	    cmocka_unit_test(frames_of_every_length_of_can_fd),
	    cmocka_unit_test(every_block_size_and_separation_time_is_kept),
	};

	if (argc != 2) {
		fprintf(stderr, "Usage: kernel_isotp INTERFACE\n");
		return 2;
	}
	interface = argv[1];
	for (size_t i = 0; i < N_OF(short_lengths); i++)
		short_lengths[i] = i + 1;
	longest = kernel_socket_longest(interface);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	const int r = cmocka_run_group_tests(tests, NULL, NULL);
	if (n_repeated)
		printf("#: %zu rounds again, because the machine stood still\n", n_repeated);
	return r;
}
