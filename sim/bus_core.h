/*
 * bus_core - a virtual CAN bus as a pure core: arbitration, bit-exact frame times, echoes, faults by rule, and its
 * load.
 *
 * Clients submit frames; each client's frames stay in order, and among the clients' oldest frames that have arrived the
 * lowest identifier wins the free bus. A frame occupies the bus for its real bits at the nominal and the data bit rate,
 * then it is delivered to all clients but its sender, and back to the sender as an echo if that client wants echoes.
 *
 * Times are nanoseconds of one clock of the caller (simulated, or real minus a start). The caller calls one door,
 * drains bus_pop_delivery(), and waits for bus_deadline(). Inputs may be dated before the last bus_expire(): such a
 * frame starts when the bus became free, or at its date, whichever is later. A caller whose clock is in microseconds
 * passes now_us * 1000 and rounds the deadline up.
 *
 * A frame that a fault destroys is sent again by itself, as a controller does, and counts against its sender: with an
 * error counter of 256 a client is off the bus. It neither sends nor receives then, until bus_restore() or its restart.
 *
 * The structure is large (some 400 KiB): put it on the heap or make it static.
 */
#ifndef SIM_BUS_CORE_H
#define SIM_BUS_CORE_H

#include "sim/bus_fault.h"
#include "uds/can_bits.h"

#define BUS_NEVER        UINT64_MAX
#define BUS_MAX_CLIENTS  64u
#define BUS_QUEUE        64u   /* frames of one client that wait for the bus */
#define BUS_LOAD_SECONDS 600u  /* how far back the load per second is kept */
#define BUS_TAP          0xffu /* as a delivery's client: the log */
#define BUS_MAX_FAULTS   16u

struct bus_config {
	uint32_t nominal_bps; /* 10000..1000000 */
	uint32_t data_bps;    /* for FD frames with BRS; 0 = nominal_bps */
	uint64_t seed;        /* of the faults */
	uint32_t drop_ppm;    /* frames in a million that no receiver gets; the sender's echo comes all the same */
	bool drop_one_id;     /* only frames with identifier drop_id may be lost, a 29-bit one if above 7FF */
	uint32_t drop_id;
	uint32_t restart_ms; /* how long a client stays off the bus; 0 = until bus_restore() */
	bool tap;            /* each frame is delivered to BUS_TAP too, before all others */
};

struct bus_delivery {
	uint64_t at_ns;     /* end of the frame on the wire */
	uint8_t client;     /* index, or BUS_TAP */
	uint8_t sender;     /* index, or BUS_TAP if it has left */
	bool echo;          /* to the sender: the frame has left */
	bool lost;          /* only at BUS_TAP: no receiver gets it */
	struct can_msg msg; /* with CAN_MSG_ERROR: what the client's own controller reports */
};

struct bus_stats {
	uint64_t busy_ns;   /* sum of the frames' times, destroyed ones included */
	uint64_t n_frames;  /* that have left, lost ones included, repeated ones each time */
	uint64_t n_dropped; /* of them, that no receiver got */
	uint64_t n_errors;  /* error frames: destroyed frames */
	uint64_t end_ns;    /* end of the last frame; 0 if there was none */
};

/* of what one client sent */
struct bus_client_stats {
	uint64_t n_frames; /* that have left */
	uint64_t n_bytes;  /* of their data */
	uint64_t n_bits;   /* on the wire, with stuff bits and interframe space */
	uint64_t busy_ns;  /* destroyed frames included */
	uint64_t n_errors; /* destroyed */
	uint64_t n_lost;   /* dropped, or given away while off the bus */
};

struct bus_queued {
	uint64_t arrival_ns;
	struct can_msg msg;
	struct can_bits bits; /* of it, counted once */
};

struct bus_client {
	bool attached;
	bool echo;
	bool errors;
	bool off;     /* the bus */
	bool again;   /* the oldest frame is on the wire for the second time */
	uint8_t news; /* of its controller, not delivered yet; see bus_core.c */
	uint8_t head;
	uint8_t n;
	uint16_t tx_errors;  /* the controller's counter */
	uint64_t restart_ns; /* off: when it comes back */
	uint64_t news_ns;
	uint64_t last_arrival_ns;
	struct bus_client_stats stats;
	struct bus_queued queue[BUS_QUEUE + 1]; /* one more: a frame that was destroyed comes back to its head */
};

/* what becomes of the frame on the wire */
enum bus_outcome {
	BUS_SENT,
	BUS_LOST,
	BUS_TWICE,     /* and comes once more */
	BUS_DESTROYED, /* an error frame goes out */
	BUS_SENDER_OFF /* ditto, and its sender leaves the bus at once */
};

struct bus {
	struct bus_config config;
	struct bus_fault drop; /* of the configuration */
	struct bus_fault faults[BUS_MAX_FAULTS];
	unsigned n_faults;
	uint64_t n_faults_ever; /* added since the start: each has a seed of its own */
	uint64_t now_ns;        /* of the last bus_expire() */
	uint64_t free_ns;       /* end of the last frame: the next may start */
	bool on_wire;           /* a frame has won the bus */
	bool delivering;        /* that frame has ended and is being popped */
	enum bus_outcome outcome;
	uint32_t off_ms; /* BUS_SENDER_OFF: for how long */
	uint8_t sender;
	uint16_t next; /* 0 = the tap, then the clients from 1 on */
	uint64_t start_ns;
	uint64_t end_ns;
	struct can_msg msg;
	struct can_bits bits;
	struct can_msg sender_error; /* a destroyed frame, as its sender's controller reports it */
	struct bus_stats stats;
	uint64_t second; /* the latest one in busy_in_second */
	uint32_t busy_in_second[BUS_LOAD_SECONDS];
	unsigned n_slots; /* indices from here on were never attached */
	struct bus_client clients[BUS_MAX_CLIENTS];
};

void bus_init(struct bus *self, const struct bus_config *config);

/* @echo: own frames come back once they have left. Return: the client's index, or -1 if BUS_MAX_CLIENTS are there. */
int bus_attach(struct bus *self, bool echo);
void bus_set_echo(struct bus *self, unsigned client, bool echo);
/* what its controller reports is delivered to the client, as CAN_MSG_ERROR */
void bus_set_errors(struct bus *self, unsigned client, bool errors);
/* its waiting frames still go out, as those in a controller do; nothing is delivered to it any more */
void bus_detach(struct bus *self, unsigned client);

/* positive results of bus_input() */
enum {
	BUS_FULL = 1,    /* BUS_QUEUE frames of this client wait already */
	BUS_INVALID = 2, /* an error frame: nobody can send one */
};

/**
 * bus_input() - a client submits a frame
 * @now_ns: its arrival; raised to the client's previous one if earlier
 *
 * Off the bus the frame is lost, and the client is told once more that it is.
 * Return: 0, BUS_FULL or BUS_INVALID.
 */
int bus_input(struct bus *self, uint64_t now_ns, unsigned client, const struct can_msg *msg);

/* frames that the client may still submit now, 0..BUS_QUEUE */
unsigned bus_room(const struct bus *self, unsigned client);

/* when the next delivery is due, if nothing else arrives; BUS_NEVER if nothing waits */
uint64_t bus_deadline(const struct bus *self);
void bus_expire(struct bus *self, uint64_t now_ns);

/* deliveries due at the time of the last bus_expire(), in the order of their frames on the wire */
bool bus_pop_delivery(struct bus *self, struct bus_delivery *delivery);

/* the configuration's probability of loss, from the next frame on */
void bus_set_drop(struct bus *self, uint32_t drop_ppm);

/* one more rule, from the next frame on; the first rule that hits a frame decides. Return: 0, or BUS_FULL. */
int bus_add_fault(struct bus *self, const struct bus_fault_rule *rule);
/* NULL behind the last one */
const struct bus_fault *bus_get_fault(const struct bus *self, unsigned index);
/* the rules that were added; the configuration's loss stays. Return: how many there were. */
unsigned bus_clear_faults(struct bus *self);
/* the client is on the bus again, its error counter 0. Return: whether it was off. */
bool bus_restore(struct bus *self, uint64_t now_ns, unsigned client);

struct bus_stats bus_stats(const struct bus *self);
/* of the client that has or, until another takes its place, had this index; zeros if there was none */
const struct bus_client_stats *bus_client_stats(const struct bus *self, unsigned client);
uint64_t bus_client_frames(const struct bus *self, unsigned client);
bool bus_client_is_off(const struct bus *self, unsigned client);

/**
 * bus_load_permille() - share of one second of the caller's clock that frames occupied
 * @second: counted from time 0; the last BUS_LOAD_SECONDS are known
 * Return: 0..1000; 0 for an unknown second.
 */
unsigned bus_load_permille(const struct bus *self, uint64_t second);

#endif
