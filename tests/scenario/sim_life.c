/* sim_life - see sim_life.h. */
#include "tests/scenario/sim_life.h"

#define AWAKE_US (180 * SIM_S) /* what the vehicle stays awake for, after a drive or a wake-up */
#define LOOK_US  (5 * SIM_S)

uint64_t sim_at_unix(const struct sim *s, uint64_t unix_s)
{
	const uint64_t at_us = (unix_s - s->backend.unix_base_s) * SIM_S;

	SIM_CHECK(s, unix_s >= s->backend.unix_base_s && at_us >= s->world.now_us);
	return at_us;
}

static void set(struct sim *s, enum vehicle_core_quantity quantity, double value)
{
	vehicle_core_set(&s->world.vehicle, s->world.now_us, quantity, value);
}

void sim_drive(struct sim *s, uint64_t until_us)
{
	sim_ignition(s, VEHICLE_CORE_CRANKING);
	set(s, VEHICLE_CORE_BATTERY_MV, 9500);
	(void)sim_for(s, SIM_S, NULL);
	sim_ignition(s, VEHICLE_CORE_ON);
	set(s, VEHICLE_CORE_BATTERY_MV, 14100);
	set(s, VEHICLE_CORE_PARKING_BRAKE, 0);
	set(s, VEHICLE_CORE_GEAR_PARK, 0);
	(void)sim_for(s, 10 * SIM_S, NULL);
	set(s, VEHICLE_CORE_SPEED_KMH, 60);
	(void)sim_run(s, until_us - 10 * SIM_S, NULL);
	set(s, VEHICLE_CORE_SPEED_KMH, 0);
	(void)sim_run(s, until_us, NULL);
	set(s, VEHICLE_CORE_PARKING_BRAKE, 1);
	set(s, VEHICLE_CORE_GEAR_PARK, 1);
	set(s, VEHICLE_CORE_BATTERY_MV, 12600);
	sim_ignition(s, VEHICLE_CORE_OFF);
}

/* the gateway keeps the network awake, or has something on its way that a sleep would cut short */
static bool is_wanted_awake(const struct sim *s)
{
	return s->world.asked_us[POWER_AWAKE] || sim_is_flashing(s) || s->io.disk.n_queue || s->io.fetch.active ||
	       s->io.prepare_id[0][0] || s->io.prepare_id[1][0];
}

static void sleep_until(struct sim *s, uint64_t until_us)
{
	const uint64_t now_us = s->world.now_us, wake_us = gateway_wake_us(s->io.gateway, now_us);

	sim_io_drop_session(&s->io);
	(void)sim_for(s, 10 * SIM_MS, NULL); /* what it stores because of that */
	s->n_sleeps++;
	if (wake_us <= s->world.now_us)
		return;
	s->world.now_us = wake_us < until_us ? wake_us : until_us;
	s->slept_us += s->world.now_us - now_us;
}

void sim_park(struct sim *s, uint64_t until_us)
{
	while (s->world.now_us < until_us) {
		uint64_t awake_us = s->world.now_us + AWAKE_US;

		(void)sim_run(s, awake_us < until_us ? awake_us : until_us, NULL);
		while (s->world.now_us < until_us && is_wanted_awake(s))
			(void)sim_for(s, LOOK_US, NULL);
		if (s->world.now_us < until_us)
			sleep_until(s, until_us);
	}
}

void sim_coverage(struct sim *s, bool covered)
{
	s->backend.reachable = covered;
	if (!covered)
		sim_io_drop_session(&s->io);
}
