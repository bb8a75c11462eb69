/*
 * isotp_pair - our stack and the kernel's CAN_ISOTP sockets at the two ends of links on one CAN interface.
 *
 * Our end is what the product runs: a uds_channel on a can_driver on PF_CAN. The kernel's end is a socket. A round is a
 * request of ours, which the socket's owner compares and answers, and the answer, which is compared here: one message
 * each way. Rounds of many pairs run side by side, so that their waits overlap.
 */
#ifndef TESTS_VM_ISOTP_PAIR_H
#define TESTS_VM_ISOTP_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "tests/vm/kernel_socket.h"
#include "uds/port/can_driver.h"

#define PAIR_MAX_BYTES 70000u
#define BENCH_MAX      CAN_NODE_MAX_CHANNELS

struct pair {
	struct bench *bench;
	struct pair_config config;
	struct uds_channel channel;
	uint8_t tx[PAIR_MAX_BYTES], rx[PAIR_MAX_BYTES];
	int socket;
	uint32_t n_rounds; /* seeds what is sent */
	/* the round at hand */
	size_t n_request, n_answer;
	bool kernel_received; /* the whole request, every byte as it was sent */
	int kernel_error;     /* errno of the socket, 0 = none */
	struct uds_event event;
	size_t n_stalls; /* of the bench as it began */
	/* of a list of rounds */
	const size_t *lengths;
	size_t n_lengths, next_length;
	char failure[160];
	/* gaps between consecutive frames of a block, as a third socket sees them; ours, the kernel's */
	uint64_t last_ns[2], least_gap_ns[2];
	size_t n_gaps[2];
};

struct bench {
	uv_loop_t loop;
	struct can_driver *driver;
	uv_poll_t sockets; /* an epoll of all sockets, whose errors libuv would keep to itself */
	uv_poll_t monitor;
	uv_timer_t guard;
	int epoll, monitor_socket;
	/* The kernel's timers are 1 s, and a machine that shares its cores stands still for longer than that: a round
	 * in which the loop was late is begun anew if it failed. What our end fails to do while the loop turns counts.
	 */
	uv_timer_t pulse;
	uint64_t last_pulse_us;
	size_t n_stalls, n_repeated;
	bool timed_out;
	bool watch; /* the gaps */
	struct pair *pairs[BENCH_MAX];
	size_t n_pairs;
	size_t n_messages; /* that arrived, in both directions */
};

/* aborts the program with words where that is not possible */
void bench_open(struct bench *self, const char *interface, bool fd);
void bench_close(struct bench *self);
struct pair *bench_add(struct bench *self, const struct pair_config *config);

/* what pair's part in bench_rounds() is; @lengths stays */
void pair_rounds(struct pair *self, const size_t *lengths, size_t n);
/* every pair: a round for each of its lengths, the answer as long as the request. Return: false with words on stderr */
bool bench_rounds(struct bench *self);

/* our request; @n_answer 0 means that the kernel's end does not answer */
void pair_request(struct pair *self, size_t n_request, size_t n_answer);
/* the kernel's end sends by itself. Return: 0 or errno */
int pair_kernel_sends(struct pair *self, size_t n);
/* what that message is; @n bytes */
void pair_kernel_message(const struct pair *self, uint8_t *out, size_t n);
/* runs the loop until the pair's request is over, an error was read from its socket, or it received. Return: whether */
bool pair_until_event(struct pair *self);
bool pair_until_kernel_error(struct pair *self);
bool pair_until_kernel_received(struct pair *self);
/* a round that has to go well. Return: whether it did */
bool pair_round(struct pair *self, size_t n);
/* runs the loop for so long */
void bench_run_for(struct bench *self, uint64_t ms);

#endif
