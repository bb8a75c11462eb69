/*
 * sim_world - the vehicle without its gateway, in simulated time: a bus, virtual ECUs, and the senders of ignition,
 * speed, battery, gear and brake, and of what they grant. The gateway is one more station on the bus, driven by sim_io.
 *
 * The structure is large: allocate it once on the heap.
 */
#ifndef TESTS_SCENARIO_SIM_WORLD_H
#define TESTS_SCENARIO_SIM_WORLD_H

#include "ecu-flash/profile.h"
#include "sim/bus_core.h"
#include "sim/ecu_core.h"
#include "sim/vehicle_core.h"

#define SIM_MS             UINT64_C(1000)
#define SIM_S              UINT64_C(1000000)
#define SIM_NEVER          UINT64_MAX

#define SIM_BITRATE        500000u
#define SIM_MAX_ECUS       3u
#define SIM_MEMORY_BASE    0x8000u
#define SIM_MEMORY_BYTES   (256u * 1024u)
#define SIM_SECTOR_BYTES   4096u
#define SIM_VERSION_OFFSET 16u /* in the image, where the ECU finds its version */
#define SIM_OLD_VERSION    "1.0"
#define SIM_APP_ID         0x120u /* traffic of an ECU's application: this identifier plus the ECU's index */

/* frames with which the gateway asks the vehicle, in the order of enum power_hold: 1 in the first bit, 0 lets go */
#define SIM_AWAKE_ID   0x310u
#define SIM_KL15_ID    0x311u
#define SIM_INHIBIT_ID 0x312u

struct sim_ecu {
	struct ecu_core core;
	struct ecu_config config;
	unsigned client;
	bool app_valid;           /* as last seen */
	unsigned n_erases;        /* how often it lost a valid application */
	unsigned n_app_frames;    /* of its application, on the wire */
	uint64_t last_session_us; /* when its session changed last */
	uint8_t rx[4200];
	uint8_t memory[SIM_MEMORY_BYTES];
};

struct sim_world {
	uint64_t now_us;
	uint64_t random;
	uint64_t hash; /* of all frames on the wire, with their times */
	uint64_t n_frames;
	struct bus bus;
	unsigned n_ecus;
	struct sim_ecu ecus[SIM_MAX_ECUS];
	struct vehicle_core vehicle;
	struct vehicle_core_config vehicle_config;
	unsigned vehicle_client;
	uint64_t asked_us[3]; /* by enum power_hold: when it was last asked for on the wire; 0 = let go */
	/* a network that sleeps with the ignition off: then ECUs hear nothing, and signals are not sent */
	bool sleeps;
	bool deaf;               /* it does not wake when it is asked to */
	uint64_t awake_until_us; /* if nobody keeps it awake */
	uint32_t sleepless;      /* bit per vehicle_core_quantity: its sender never sleeps */
	unsigned gateway_client;
	void *owner;
	/* the ECU has just lost its valid application */
	void (*on_erased)(void *owner, unsigned ecu);
};

/* splitmix64: the one source of chance, so that a seed fixes the whole run */
uint64_t sim_random(uint64_t *state);
/* true with SIM_TRACE set: what happens is printed as TAP diagnostics */
bool sim_tracing(void);
void sim_hash(uint64_t *hash, const void *bytes, size_t n);

/* @max_block: maxNumberOfBlockLength of the ECUs */
void sim_world_init(struct sim_world *self, uint64_t seed, unsigned n_ecus, uint32_t drop_ppm, uint32_t max_block,
		    enum vehicle_core_ignition ignition);
/* how often each signal of the vehicle and each ECU's application sends, from now on */
void sim_world_pace(struct sim_world *self, uint64_t signal_us, uint64_t app_us);
/* how the gateway talks to the ECU */
void sim_world_profile(unsigned ecu, struct profile *profile);
/* a new gateway process at the bus; frames that the old one left in the controller still go out */
void sim_world_new_gateway(struct sim_world *self);
void sim_world_gateway_leaves(struct sim_world *self);
/* what is due of the bus; Return: true with a delivery for the gateway */
bool sim_world_pop(struct sim_world *self, struct bus_delivery *delivery);
/* ECUs and vehicle do what is due */
void sim_world_turn(struct sim_world *self);
uint64_t sim_world_deadline(const struct sim_world *self);
/* the network sleeps now */
bool sim_world_is_asleep(const struct sim_world *self);
/* no ECU is silenced, without its trouble codes, in another than the default session or in its boot loader */
bool sim_world_is_loud(const struct sim_world *self);

#endif
