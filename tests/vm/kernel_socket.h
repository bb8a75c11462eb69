/*
 * kernel_socket - the kernel's end of a link: a CAN_ISOTP socket, set up to fit and to check ours.
 */
#ifndef TESTS_VM_KERNEL_SOCKET_H
#define TESTS_VM_KERNEL_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "uds/isotp.h"

/* padding of our frames, address byte of each direction (extended and mixed addressing) */
#define KERNEL_SOCKET_OUR_PAD 0xccu
#define KERNEL_SOCKET_OUR_AE  0x3au
#define KERNEL_SOCKET_AE      0xc5u

struct pair_config {
	enum isotp_addressing addressing;
	bool extended_id;
	bool fd;
	uint8_t our_dl; /* 0 = 8, with fd 64 */
	uint8_t kernel_dl;
	bool unpadded; /* both ends, and the kernel checks it; else padded, by other bytes in each direction */
	/* what we ask of the kernel, what it asks of us */
	uint8_t block_size, st_min, kernel_block_size, kernel_st_min;
	uint8_t wait_max;
	uint32_t n_br_us;
	size_t our_room;    /* longest message we take; 0 = PAIR_MAX_BYTES */
	bool wrong_padding; /* the kernel expects another byte than we pad with; with unpadded: we pad all the same */
	bool kernel_waits;  /* CAN_ISOTP_WAIT_TX_DONE: its write returns when the transmission has ended */
};

/* @ours: of our end. Return: the socket or -1, and errno */
int kernel_socket_open(const char *interface, const struct pair_config *config, const struct isotp_address *ours);

/* Return: the longest message that the kernel takes, or 0 */
size_t kernel_socket_longest(const char *interface);

#endif
