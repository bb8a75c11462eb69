/*
 * Our ISO-TP against the kernel's where a message does not arrive, or not at once: what each end learns of it, and that
 * the next message arrives. Takes the name of a vcan interface.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/vm/isotp_pair.h"

#define OUR_ROOM        300u
#define KERNEL_TIMER_MS 1000u /* its N_Bs and N_Cr */

static const char *interface;

static struct pair *open_pair(struct bench *bench, const struct pair_config *config)
{
	bench_open(bench, interface, config->fd);
	return bench_add(bench, config);
}

static void the_kernel_learns_that_its_message_is_too_long_for_us(void **state)
{
	struct bench bench = {0};
	struct pair *pair = open_pair(&bench, &(struct pair_config){.our_room = OUR_ROOM});

	(void)state;
	assert_int_equal(pair_kernel_sends(pair, OUR_ROOM + 1), 0);
	assert_true(pair_until_kernel_error(pair));
	assert_int_equal(pair->kernel_error, EMSGSIZE);
	assert_int_equal(pair_kernel_sends(pair, 5000), 0); /* its length by escape */
	assert_true(pair_until_kernel_error(pair));
	assert_int_equal(pair->kernel_error, EMSGSIZE);
	pair_request(pair, 10, OUR_ROOM + 1);
	assert_true(pair_until_event(pair));
	assert_int_equal(pair->event.kind, UDS_EVENT_TIMEOUT);
	assert_int_equal(pair->event.reason, ISOTP_REASON_NO_BUFFER);
	assert_true(pair_until_kernel_error(pair));
	assert_int_equal(pair->kernel_error, EMSGSIZE);
	assert_true(pair_round(pair, OUR_ROOM));
	bench_close(&bench);
}

struct blocking_write {
	uv_work_t work;
	int socket;
	int error;
	bool done;
};

static void write_and_wait(uv_work_t *work)
{
	struct blocking_write *self = work->data;
	static const uint8_t message[OUR_ROOM + 1] = {0x75};

	self->error = write(self->socket, message, sizeof(message)) < 0 ? errno : 0;
}

static void written(uv_work_t *work, int status)
{
	(void)status;
	((struct blocking_write *)work->data)->done = true;
}

static void a_writer_that_waits_gets_the_error_of_its_write(void **state)
{
	struct bench bench = {0};
	struct pair *pair = open_pair(&bench, &(struct pair_config){.our_room = OUR_ROOM, .kernel_waits = true});
	struct blocking_write writing = {.socket = pair->socket};

	(void)state;
	writing.work.data = &writing;
	assert_int_equal(uv_queue_work(&bench.loop, &writing.work, write_and_wait, written), 0);
	while (!writing.done)
		uv_run(&bench.loop, UV_RUN_ONCE);
	/* whoever looks first at the socket's error has it: the writer, or the loop */
	assert_int_equal(writing.error ? writing.error : pair->kernel_error, EMSGSIZE);
	bench_close(&bench);
}

static void we_learn_that_our_message_is_too_long_for_the_kernel(void **state)
{
	struct bench bench = {0};
	struct pair *pair = open_pair(&bench, &(struct pair_config){0});
	const size_t longest = kernel_socket_longest(interface);

	(void)state;
	pair_request(pair, longest + 1, 0);
	assert_true(pair_until_event(pair));
	assert_int_equal(pair->event.kind, UDS_EVENT_SEND_FAILED);
	assert_int_equal(pair->event.reason, ISOTP_REASON_OVERFLOW);
	assert_false(pair->kernel_received);
	assert_true(pair_round(pair, longest));
	bench_close(&bench);
}

static void the_kernel_waits_as_long_as_we_tell_it_to(void **state)
{
	struct bench bench = {0};
	struct pair *pair = open_pair(&bench, &(struct pair_config){.n_br_us = 200000, .wait_max = 100});

	(void)state;
	isotp_hold(&pair->channel.isotp, can_driver_now_us());
	pair_request(pair, 10, 100);
	bench_run_for(&bench, 3 * KERNEL_TIMER_MS);
	assert_int_equal(pair->event.kind, UDS_EVENT_NONE);
	assert_int_equal(pair->kernel_error, 0);
	isotp_release(&pair->channel.isotp, can_driver_now_us());
	can_driver_kick(bench.driver);
	assert_true(pair_until_event(pair));
	assert_int_equal(pair->event.kind, UDS_EVENT_POSITIVE);
	assert_int_equal(pair->event.n_pdu, 100);
	bench_close(&bench);
}

static void a_hold_that_is_too_long_ends_both(void **state)
{
	struct bench bench = {0};
	struct pair *pair = open_pair(&bench, &(struct pair_config){.n_br_us = 100000, .wait_max = 3});

	(void)state;
	isotp_hold(&pair->channel.isotp, can_driver_now_us());
	pair_request(pair, 10, 100);
	assert_true(pair_until_event(pair));
	assert_int_equal(pair->event.kind, UDS_EVENT_TIMEOUT);
	assert_int_equal(pair->event.reason, ISOTP_REASON_WAIT_MAX);
	assert_true(pair_until_kernel_error(pair));
	assert_int_equal(pair->kernel_error, ECOMM);
	isotp_release(&pair->channel.isotp, can_driver_now_us());
	assert_true(pair_round(pair, 100));
	bench_close(&bench);
}

static void refused_for_its_padding(struct pair *pair, size_t n)
{
	pair_request(pair, n, 0);
	assert_true(pair_until_kernel_error(pair));
	assert_int_equal(pair->kernel_error, EBADMSG);
	assert_false(pair->kernel_received);
	uds_channel_abort(&pair->channel);
}

/* the kernel's checks bite, so that they mean something where it does not complain */
static void other_padding_than_the_kernel_expects_is_refused(void **state)
{
	for (unsigned i = 0; i < 4; i++) {
		struct bench bench = {0};
		struct pair *pair =
		    open_pair(&bench, &(struct pair_config){.fd = i % 2, .unpadded = i / 2, .wrong_padding = true});
		const bool fd = pair->config.fd;

		refused_for_its_padding(pair, 3);
		/* in the last consecutive frame alone */
		refused_for_its_padding(pair, fd ? 62 + 3 * 63 + 2 : 6 + 3 * 7 + 2);
		pair_request(pair, fd ? 62 + 63 : 6 + 7, 0); /* no frame has any */
		assert_true(pair_until_kernel_received(pair));
		bench_close(&bench);
	}
	(void)state;
}

static void a_message_that_we_give_up_is_followed_by_the_next(void **state)
{
	struct bench bench = {0};
	struct pair *pair = open_pair(&bench, &(struct pair_config){.kernel_block_size = 4, .kernel_st_min = 20});

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		pair_request(pair, 1000, 0);
		bench_run_for(&bench, 50);
		assert_true(isotp_sending(&pair->channel.isotp));
		uds_channel_abort(&pair->channel);
		if (i == 0) { /* the kernel notices the silence; else the next message, which begins in the middle */
			assert_true(pair_until_kernel_error(pair));
			assert_int_equal(pair->kernel_error, ETIMEDOUT);
		}
		assert_true(pair_round(pair, 100));
	}
	bench_close(&bench);
}

static void both_directions_at_once(void **state)
{
	static const size_t lengths[] = {4095, 8000};
	static uint8_t expected[8000];
	struct bench bench = {0};
	struct pair *pair = open_pair(&bench, &(struct pair_config){.block_size = 8, .kernel_block_size = 5});

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		/* The kernel's message answers nothing, so the channel drops it; it is in its buffer. */
		pair_request(pair, lengths[i], 0);
		assert_int_equal(pair_kernel_sends(pair, lengths[1 - i]), 0);
		assert_true(pair_until_kernel_received(pair));
		bench_run_for(&bench, 100);
		while (pair->channel.isotp.rx.deadline_us != UDS_NEVER)
			uv_run(&bench.loop, UV_RUN_ONCE);
		pair_kernel_message(pair, expected, lengths[1 - i]);
		assert_memory_equal(pair->rx, expected, lengths[1 - i]);
		assert_int_equal(pair->kernel_error, 0);
		uds_channel_abort(&pair->channel);
	}
	bench_close(&bench);
}

static void functional_arrives(struct bench *bench, int fd, const struct can_node_functional *to, size_t n)
{
	uint8_t pdu[62], got[64];
	ssize_t n_got;

	for (size_t i = 0; i < n; i++)
		pdu[i] = (uint8_t)(i * 37u + n);
	assert_int_equal(can_node_send_functional(can_driver_node(bench->driver), to, pdu, n), 0);
	can_driver_kick(bench->driver);
	do {
		bench_run_for(bench, 1);
		n_got = read(fd, got, sizeof(got));
	} while (n_got < 0 && errno == EAGAIN);
	assert_int_equal(n_got, n);
	assert_memory_equal(got, pdu, n);
}

static void functional_requests_arrive_in_every_length_and_form(void **state)
{
	size_t n_requests = 0;

	(void)state;
	for (unsigned form = 0; form < 8; form++) {
		const bool fd = form & 1;
		const bool extended = form & 2;
		const bool has_address = form & 4;
		struct bench bench = {0};
		struct pair_config config = {.fd = fd, .addressing = has_address ? ISOTP_EXTENDED : ISOTP_NORMAL};
		struct isotp_address address = {
		    .extended_id = extended,
		    .tx_id = extended ? 0x18db33f1 : 0x7df,
		    .rx_id = extended ? 0x18daf1ff : 0x7ee,
		};
		struct can_node_functional to = {
		    .id = address.tx_id,
		    .extended_id = extended,
		    .fd = fd,
		    .brs = fd,
		    .pad = true,
		    .pad_byte = KERNEL_SOCKET_OUR_PAD,
		    .has_address = has_address,
		    .address = KERNEL_SOCKET_OUR_AE,
		};
		const size_t longest = (fd ? 62u : 7u) - (has_address ? 1u : 0u);

		bench_open(&bench, interface, fd);
		const int socket = kernel_socket_open(interface, &config, &address);
		assert_true(socket >= 0);
		for (size_t n = 1; n <= longest; n++, n_requests++)
			functional_arrives(&bench, socket, &to, n);
		close(socket);
		bench_close(&bench);
	}
	printf("#: %zu functional requests in 8 forms\n", n_requests);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_kernel_learns_that_its_message_is_too_long_for_us),
	    cmocka_unit_test(a_writer_that_waits_gets_the_error_of_its_write),
	    cmocka_unit_test(we_learn_that_our_message_is_too_long_for_the_kernel),
	    cmocka_unit_test(the_kernel_waits_as_long_as_we_tell_it_to),
	    cmocka_unit_test(a_hold_that_is_too_long_ends_both),
	    cmocka_unit_test(other_padding_than_the_kernel_expects_is_refused),
	    cmocka_unit_test(a_message_that_we_give_up_is_followed_by_the_next),
	    cmocka_unit_test(both_directions_at_once),
	    cmocka_unit_test(functional_requests_arrive_in_every_length_and_form),
	};

	if (argc != 2) {
		fprintf(stderr, "Usage: kernel_isotp_refusals INTERFACE\n");
		return 2;
	}
	interface = argv[1];
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
