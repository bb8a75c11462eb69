/*
 * fleet_vehicle - one vehicle of the simulated fleet: the product's gateway core, with a backend and a flasher that are
 * no more than times. One campaign for one ECU; what is measured is when its ECU is verified.
 *
 * The gateway is awake while the ignition is on, for a while after, and as long as it flashes; asleep, its core is not
 * called, as a process that does not run. Where it is permitted, an alarm wakes it for what it would begin alone, and
 * it stays awake for as long as after a trip. The backend answers as the mode says (struct fleet_backend).
 */
#ifndef TESTS_BENCH_FLEET_VEHICLE_H
#define TESTS_BENCH_FLEET_VEHICLE_H

#include "gatewayd/core/gateway.h"
#include "tests/bench/fleet_pattern.h"

#define FLEET_NEVER UINT64_MAX

/* how the backend's half of a mode behaves; the gateway's is what the core does */
struct fleet_backend {
	enum update_mode mode;
	uint32_t poll_s; /* 0: it sends the document at once; else the vehicle has it when it registers, and so often */
	uint32_t trigger_after_s; /* that the vehicle is triggered though it was not seen parked; 0 = never */
	bool takes_proposals; /* a time that the vehicle proposes becomes the start; else it may begin when it can */
};

/* what a class of urgency gives */
struct fleet_class {
	enum urgency urgency;
	uint32_t deadline_days; /* from the campaign's creation, 0 = none */
	uint32_t retry_pause_s; /* of the campaign */
	bool consent_required;
};

struct fleet_model {
	uint64_t created_s;       /* when the campaign is */
	uint64_t end_s;           /* of the simulation */
	uint32_t awake_s;         /* after the ignition went off, or an alarm rang */
	bool alarms;              /* the gateway is woken for what is due, as a system with CAP_WAKE_ALARM is */
	uint32_t flash_s;         /* of the whole installation */
	uint32_t erase_s;         /* from its begin to the first erase */
	uint32_t image_bytes;     /* to be downloaded */
	uint32_t bytes_per_s;     /* by air */
	unsigned fails_percent;   /* of attempts, before the first erase */
	unsigned consent_percent; /* that a driver agrees when a trip begins */
};

struct fleet_outcome {
	uint64_t
	    exposure_s; /* from the campaign's creation to the verified ECU; FLEET_NEVER if it was not at the end */
	enum campaign_state state; /* at the end */
	unsigned code;
};

/**
 * fleet_vehicle_run() - the vehicle's life until its campaign is over
 * @gateway: room for the core, of the caller
 */
struct fleet_outcome fleet_vehicle_run(struct gateway *gateway, const struct fleet_model *model,
				       const struct fleet_backend *backend, const struct fleet_class *class,
				       const struct fleet_pattern *pattern, uint64_t seed);

#endif
