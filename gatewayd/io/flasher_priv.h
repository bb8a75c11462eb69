/*
 * flasher_priv - shared by flasher.c (all buses, the core's outputs) and flasher_bus.c (one bus and the ECUs worked
 * on).
 */
#ifndef GATEWAYD_IO_FLASHER_PRIV_H
#define GATEWAYD_IO_FLASHER_PRIV_H

#include "ecu-flash/flash_bus.h"
#include "gatewayd/io/flasher.h"
#include "uds/port/can_driver.h"

#define WORK_REQUEST_BYTES 65600u /* the longest TransferData: maxNumberOfBlockLength is capped by it */
#define WORK_ANSWER_BYTES  4096u

/* one ECU being identified or flashed */
struct work {
	struct uds_channel channel;
	struct flash_run run;
	struct profile profile; /* its own: the one it began with, whatever is read again meanwhile */
	uint8_t ecu;
	uint8_t target; /* in the campaign */
	uint8_t request[WORK_REQUEST_BYTES];
	uint8_t answer[WORK_ANSWER_BYTES];
};

enum bus_task { BUS_IDLE, BUS_IDENTIFYING, BUS_FLASHING, BUS_DONE };

struct flasher_bus {
	struct flasher *flasher;
	uint8_t index;                       /* in the configuration */
	struct can_driver *driver;           /* NULL: not open, tried again each second */
	bool lost;                           /* since it was open: the driver waits for it */
	uint64_t lost_us;                    /* when it was last lost, or came back from that; 0 = never */
	char trouble[CAN_LINK_TEXT_BYTES];   /* why it is not open, as last told */
	char link_text[CAN_LINK_TEXT_BYTES]; /* what the driver last said of the interface */
	uint8_t hold;                        /* so many tries are left out */
	uint64_t no_ack_told_us;             /* 0 = never */
	uint64_t foreign_us;                 /* when another tester was last heard; 0 = never */
	uint64_t foreign_told_us;
	uint32_t unasked_told; /* bit per ECU: that it could not be asked who it is */
	enum bus_task task;
	bool watch_due; /* other identifiers are to be heard, once no run needs those of now */
	struct flash_bus bus;
	struct work *works[GATEWAY_MAX_ECUS];
	uint8_t n_works;
};

struct flasher {
	uv_loop_t *loop;
	const struct config *config;
	struct gateway *gateway;
	struct key_ring *keys;
	struct flasher_bus buses[CONFIG_MAX_BUSES];
	uv_timer_t retry;
	uv_idle_t finish; /* tidies up after the last bus is done, outside of its driver's step */
	enum bus_task task;
	uint8_t campaign;
	const struct prepared *prepared;
	unsigned code; /* of the flash: a bus that could not be used */
};

void flasher_bus_open(struct flasher_bus *self);
/* the identifiers of its ECUs changed */
void flasher_bus_watch_again(struct flasher_bus *self);
/* places an ECU's work on the bus; the profile is copied and @job refers to the copy then; Return: 0, -ENOMEM */
int flasher_bus_add(struct flasher_bus *self, uint8_t ecu, uint8_t target, struct flash_job *job);
void flasher_bus_prepare(struct flasher_bus *self, uint8_t max_parallel);
void flasher_bus_start(struct flasher_bus *self, enum bus_task task);
/* whether another tester was heard within the last GATEWAY_FOREIGN_QUIET_US */
bool flasher_bus_yields(const struct flasher_bus *self, uint64_t now_us);
/* detaches and frees what is done */
void flasher_bus_clear(struct flasher_bus *self);
/* one bus is done: when all are, the core is told */
void flasher_bus_finished(struct flasher *self);

#endif
