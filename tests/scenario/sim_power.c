/* sim_power - see sim_power.h. */
#include "tests/scenario/sim_power.h"

const struct power_config sim_granted = {
    .holds = {{.configured = true}, {.configured = true, .confirm_ms = 500}, {.configured = true, .confirm_ms = 500}},
    .max_awake_s = 3600,
    .min_battery_mv = 11000,
};

struct sim *sim_power_new(uint32_t finished, uint32_t held)
{
	return sim_new(&(struct sim_options){.seed = sim_seed(),
					     .image_bytes = 60000,
					     .window_start_s = 5,
					     .max_parallel = 1,
					     .power = sim_granted,
					     .finished = finished,
					     .held = held});
}

void sim_set(struct sim *s, enum vehicle_core_quantity quantity, double value)
{
	vehicle_core_set(&s->world.vehicle, s->world.now_us, quantity, value);
}

bool sim_is_inhibited(const struct sim *s)
{
	return vehicle_core_get(&s->world.vehicle, VEHICLE_CORE_DRIVE_INHIBITED) != 0;
}

bool sim_is_asked(const struct sim *s, enum power_hold hold)
{
	return s->world.asked_us[hold] != 0;
}

void sim_check_let_go(const struct sim *s)
{
	for (unsigned i = 0; i < POWER_HOLDS; i++)
		SIM_CHECK(s, !sim_is_asked(s, (enum power_hold)i));
	SIM_CHECK(s, !sim_is_inhibited(s));
	SIM_CHECK(s, vehicle_core_get(&s->world.vehicle, VEHICLE_CORE_KL15_HELD) == 0);
}

void sim_check_unchanged(const struct sim *s)
{
	for (unsigned i = 0; i < s->world.n_ecus; i++)
		SIM_CHECK(s, sim_has_old(s, i));
}

void sim_ends_done(struct sim *s)
{
	SIM_CHECK(s, sim_for(s, 1200 * SIM_S, sim_is_settled));
	sim_check_done(s);
	(void)sim_for(s, 3 * SIM_S, NULL);
	sim_check_let_go(s);
}

void sim_check_waits(const struct sim *s, unsigned code)
{
	SIM_CHECK(s, sim_is_waiting(s));
	SIM_CHECK(s, sim_campaign(s)->code == code);
}

bool sim_is_not_flashing(const struct sim *s)
{
	return !sim_is_flashing(s);
}
