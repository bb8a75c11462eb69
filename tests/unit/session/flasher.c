/* The gateway's flasher on a simulated bus with virtual ECUs in the same loop: buses that are missing, late or lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gatewayd/io/flasher_priv.h"
#include "gatewayd/io/log.h"
#include "sim/simbus_server.h"
#include "sim/virtual_ecu_run.h"

#define DEMO TEST_SOURCE_DIR "/../sim/demo"

struct bench {
	uv_loop_t loop;
	uv_timer_t tick;
	char dir[64];
	char path[96];
	struct config *config;
	struct gateway *gateway;
	struct flasher *flasher;
	struct simbus *bus;
	struct vecu_setup *setup;
	struct vecu_run *ecus;
	unsigned n_identifies;
};

static void on_tick(uv_timer_t *timer)
{
	(void)timer;
}

static void pump(struct bench *b)
{
	struct gateway_output out;

	if (gateway_deadline(b->gateway) <= can_driver_now_us())
		gateway_expire(b->gateway, can_driver_now_us());
	while (gateway_pop_output(b->gateway, &out)) {
		if (out.kind == GATEWAY_OUT_STORE)
			gateway_stored(b->gateway, can_driver_now_us(), out.txn);
		if (out.kind != GATEWAY_OUT_IDENTIFY)
			continue;
		b->n_identifies++;
		flasher_identify(b->flasher);
	}
}

#define until(b, condition)                                                     \
	do {                                                                    \
		uint64_t end_ns = uv_hrtime() + UINT64_C(15000000000);          \
		while (!(condition)) {                                          \
			pump(b);                                                \
			uv_run(&(b)->loop, UV_RUN_ONCE);                        \
			if (uv_hrtime() > end_ns)                               \
				fail_msg("waited in vain for: %s", #condition); \
		}                                                               \
	} while (0)

static void start_bus(struct bench *b)
{
	const struct simbus_config config = {.path = b->path, .bus = {.nominal_bps = 500000}, .name = "body"};
	struct yaml_error error = {""};

	assert_int_equal(simbus_new(&b->loop, &config, &b->bus), 0);
	if (vecu_setup_load(DEMO "/virtual-ecus.yaml", &b->setup, &error))
		fail_msg("%s", error.text);
	snprintf(b->setup->buses[0].port, sizeof(b->setup->buses[0].port), "unix:%s", b->path);
	b->ecus = calloc(1, sizeof(*b->ecus));
	assert_non_null(b->ecus);
	if (vecu_run_start(b->ecus, &b->loop, b->setup, NULL, &error))
		fail_msg("%s", error.text);
}

static void name(char *out, const char *text)
{
	snprintf(out, GATEWAY_NAME_BYTES, "%s", text);
}

static struct bench *bench_new(bool with_bus)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct yaml_error error = {""};
	char text[256];

	assert_non_null(b);
	log_init(2);
	snprintf(b->dir, sizeof(b->dir), "/tmp/flasher-test-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	snprintf(b->path, sizeof(b->path), "%s/bus", b->dir);
	uv_loop_init(&b->loop);
	uv_timer_init(&b->loop, &b->tick);
	uv_timer_start(&b->tick, on_tick, 10, 10);
	b->config = calloc(1, sizeof(*b->config));
	b->gateway = calloc(1, sizeof(*b->gateway));
	assert_non_null(b->config);
	assert_non_null(b->gateway);
	name(b->config->core.vehicle_id, "VEHICLE1");
	name(b->config->core.ecus[0].name, "lamp");
	name(b->config->core.ecus[0].bus, "body");
	name(b->config->buses[0].name, "body");
	snprintf(b->config->buses[0].port, sizeof(b->config->buses[0].port), "unix:%s", b->path);
	b->config->buses[0].max_parallel = 4;
	b->config->n_buses = 1;
	b->config->core.n_ecus = 1;
	b->config->core.max_attempts = 3;
	if (profile_load_file(DEMO "/profiles/lamp.yaml", &b->config->ecus[0].profile, &error))
		fail_msg("%s", error.text);
	if (with_bus)
		start_bus(b);
	gateway_init(b->gateway, &b->config->core);
	assert_int_equal(flasher_new(&b->loop, b->config, b->gateway, &b->flasher, text, sizeof(text)), 0);
	gateway_start(b->gateway, can_driver_now_us());
	return b;
}

static void stop_bus(struct bench *b)
{
	if (b->ecus)
		vecu_run_stop(b->ecus);
	simbus_close(b->bus);
	b->bus = NULL;
}

/* the same one again, once what it was is closed */
static void restart_bus(struct bench *b)
{
	for (unsigned i = 0; i < 20; i++)
		uv_run(&b->loop, UV_RUN_ONCE);
	assert_int_equal(vecu_run_finish(b->ecus), 0);
	free(b->ecus);
	free(b->setup);
	start_bus(b);
}

static void bench_free(struct bench *b)
{
	flasher_free(b->flasher);
	if (b->bus)
		stop_bus(b);
	uv_close((uv_handle_t *)&b->tick, NULL);
	uv_run(&b->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&b->loop), 0); /* every handle was closed */
	if (b->ecus)
		assert_int_equal(vecu_run_finish(b->ecus), 0);
	free(b->ecus);
	free(b->setup);
	free(b->config);
	free(b->gateway);
	unlink(b->path);
	assert_int_equal(rmdir(b->dir), 0);
	free(b);
}

static void an_ecu_is_identified_with_what_it_says(void **state)
{
	struct bench *b = bench_new(true);

	(void)state;
	until(b, b->gateway->inventory_known);
	assert_true(b->gateway->ecus[0].present);
	assert_string_equal(b->gateway->ecus[0].identity.hardware_id, "LAMP-HW-2");
	assert_string_equal(b->gateway->ecus[0].identity.serial_number, "LAMP-000417");
	assert_false(flasher_busy(b->flasher));
	bench_free(b);
}

static void without_a_bus_every_ecu_is_absent_and_the_inventory_is_known(void **state)
{
	struct bench *b = bench_new(false);

	(void)state;
	until(b, b->gateway->inventory_known);
	assert_false(b->gateway->ecus[0].present);
	assert_false(b->gateway->identifying);
	assert_int_equal(b->n_identifies, 1);
	bench_free(b);
}

static void a_bus_that_comes_later_is_used_then(void **state)
{
	struct bench *b = bench_new(false);

	(void)state;
	until(b, b->gateway->inventory_known);
	start_bus(b);
	until(b, b->n_identifies == 2 && !b->gateway->identifying);
	assert_true(b->gateway->ecus[0].present);
	assert_string_equal(b->gateway->ecus[0].identity.hardware_id, "LAMP-HW-2");
	bench_free(b);
}

static void ecus_of_a_bus_that_comes_back_are_asked_soon(void **state)
{
	struct bench *b = bench_new(true);

	(void)state;
	until(b, b->flasher->task == BUS_IDENTIFYING);
	stop_bus(b);
	until(b, b->gateway->inventory_known && !b->gateway->identifying);
	assert_false(b->gateway->ecus[0].present);
	restart_bus(b);
	until(b, b->gateway->ecus[0].present);
	bench_free(b);
}

static void a_bus_lost_while_identifying_ends_the_identification(void **state)
{
	struct bench *b = bench_new(true);

	(void)state;
	until(b, b->flasher->task == BUS_IDENTIFYING);
	stop_bus(b);
	until(b, b->gateway->inventory_known);
	assert_false(b->gateway->ecus[0].present);
	assert_int_equal(b->flasher->task, BUS_IDLE);
	bench_free(b);
}

static void a_flasher_can_be_freed_at_any_turn(void **state)
{
	(void)state;
	for (unsigned turns = 0; turns < 24; turns += 3) {
		struct bench *b = bench_new(true);

		for (unsigned i = 0; i < turns; i++) {
			pump(b);
			uv_run(&b->loop, UV_RUN_ONCE);
		}
		bench_free(b); /* which sees that no handle is left */
	}
}

static void a_flash_without_its_files_is_given_back_as_interrupted(void **state)
{
	struct bench *b = bench_new(false);

	(void)state;
	until(b, b->gateway->inventory_known);
	b->gateway->flashing = true;
	b->gateway->campaigns[0].prepared = true;
	flasher_flash(b->flasher, 0, 1, NULL);
	assert_false(b->gateway->flashing);
	assert_false(b->gateway->campaigns[0].prepared); /* they are prepared anew */
	assert_false(flasher_busy(b->flasher));
	bench_free(b);
}

/* --- another tester */

static void send_as_another_tester(struct bench *b, uint32_t id)
{
	const struct can_port_callbacks none = {.owner = b};
	const struct can_msg msg = {.id = id, .len = 3, .data = {0x02, 0x3e, 0x80}};
	struct can_port *port;
	char text[112];

	snprintf(text, sizeof(text), "unix:%s", b->path);
	assert_int_equal(can_port_open(&b->loop, text, false, &none, &port), 0);
	can_port_pause(port);
	assert_int_equal(can_port_send(port, &msg, 1), 1);
	for (unsigned i = 0; i < 10; i++)
		uv_run(&b->loop, UV_RUN_ONCE);
	can_port_close(port);
}

static void another_tester_does_not_make_an_ecu_absent(void **state)
{
	struct bench *b = bench_new(true);

	(void)state;
	until(b, b->gateway->inventory_known);
	assert_true(b->gateway->ecus[0].present);
	b->gateway->identify_again = true;
	gateway_heartbeat(b->gateway, can_driver_now_us(), 0);
	until(b, b->flasher->task == BUS_IDENTIFYING);
	send_as_another_tester(b, 0x7e0);
	until(b, !b->gateway->identifying);
	assert_int_equal(b->gateway->not_asked, 1);
	assert_true(b->gateway->ecus[0].present);
	assert_string_equal(b->gateway->ecus[0].identity.serial_number, "LAMP-000417");
	bench_free(b);
}

/* a campaign that is about to be flashed, with files of which nobody will read a byte */
static struct prepared *begin_campaign(struct bench *b, bool erased)
{
	static const uint8_t byte[1] = {0x5a};
	struct campaign *c = &b->gateway->campaigns[0];
	struct prepared *prepared = calloc(1, sizeof(*prepared));

	assert_non_null(prepared);
	prepared->n_targets = 1;
	prepared->targets[0].profile = b->config->ecus[0].profile;
	prepared->targets[0].n_images = 1;
	prepared->targets[0].images[0].image = (struct image){
	    .segments = {{.address = 0x8000, .data = byte, .n_bytes = 1}}, .n_segments = 1, .n_bytes = 1};
	b->gateway->campaigns[0].manifest.n_components = 1;
	b->gateway->campaigns[0].manifest.components[0].n_units = 1;
	name(c->doc.id, "c1");
	name(c->targets[0].doc.ecu, "lamp");
	c->n_targets = 1;
	c->state = CAMPAIGN_INSTALLING;
	c->prepared = true;
	c->targets[0].running = true;
	c->targets[0].erased = erased;
	c->targets[0].state = erased ? TARGET_FLASHING : TARGET_PENDING;
	b->gateway->flashing = true;
	return prepared;
}

static void our_own_requests_are_no_other_tester(void **state)
{
	struct bench *b = bench_new(true);

	(void)state;
	until(b, b->gateway->inventory_known);
	assert_true(b->gateway->ecus[0].present);
	assert_int_equal(b->flasher->buses[0].foreign_us, 0);
	assert_false(flasher_bus_yields(&b->flasher->buses[0], can_driver_now_us()));
	bench_free(b);
}

static void another_tester_is_heard_while_we_are_idle_and_until_60_s_after(void **state)
{
	static const uint32_t ids[] = {0x7e0, 0x7df};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct bench *b = bench_new(true);
		const struct flasher_bus *bus = &b->flasher->buses[0];

		until(b, b->gateway->inventory_known);
		send_as_another_tester(b, 0x7e8); /* an ECU's answer is none */
		assert_int_equal(bus->foreign_us, 0);
		send_as_another_tester(b, ids[i]);
		until(b, bus->foreign_us != 0);
		assert_true(flasher_bus_yields(bus, bus->foreign_us + GATEWAY_FOREIGN_QUIET_US - 1));
		assert_false(flasher_bus_yields(bus, bus->foreign_us + GATEWAY_FOREIGN_QUIET_US));
		bench_free(b);
	}
}

static void an_ecu_is_not_begun_while_another_tester_is_there(void **state)
{
	struct bench *b = bench_new(true);
	struct prepared *prepared;

	(void)state;
	until(b, b->gateway->inventory_known);
	send_as_another_tester(b, 0x7e0);
	until(b, b->flasher->buses[0].foreign_us != 0);
	prepared = begin_campaign(b, false);
	flasher_flash(b->flasher, 0, 1, prepared);
	assert_int_equal(b->flasher->buses[0].n_works, 0);
	assert_int_equal(b->gateway->campaigns[0].targets[0].code, GATEWAY_CODE_FOREIGN_TESTER);
	assert_int_equal(b->gateway->campaigns[0].targets[0].attempts, 0);
	until(b, !b->gateway->flashing);
	assert_false(flasher_busy(b->flasher));
	bench_free(b);
	free(prepared);
}

static void after_60_s_of_quiet_it_is_begun(void **state)
{
	struct bench *b = bench_new(true);
	struct prepared *prepared;

	(void)state;
	until(b, b->gateway->inventory_known);
	b->flasher->buses[0].foreign_us = can_driver_now_us() - GATEWAY_FOREIGN_QUIET_US;
	prepared = begin_campaign(b, false);
	flasher_flash(b->flasher, 0, 1, prepared);
	assert_int_equal(b->flasher->buses[0].n_works, 1);
	bench_free(b);
	free(prepared);
}

static void an_ecu_that_is_erased_is_finished_all_the_same(void **state)
{
	struct bench *b = bench_new(true);
	struct prepared *prepared;

	(void)state;
	until(b, b->gateway->inventory_known);
	send_as_another_tester(b, 0x7e0);
	until(b, b->flasher->buses[0].foreign_us != 0);
	prepared = begin_campaign(b, true);
	flasher_flash(b->flasher, 0, 1, prepared);
	assert_int_equal(b->flasher->buses[0].n_works, 1);
	bench_free(b);
	free(prepared);
}

static void an_ecu_that_is_not_the_one_named_is_left_alone(void **state)
{
	struct bench *b = bench_new(true);
	struct target *target = &b->gateway->campaigns[0].targets[0];
	struct prepared *prepared;

	(void)state;
	until(b, b->gateway->inventory_known);
	prepared = begin_campaign(b, false);
	name(target->doc.hardware_id, "LAMP-HW-2");
	name(target->doc.serial_number, "LAMP-000416");
	flasher_flash(b->flasher, 0, 1, prepared);
	until(b, !b->gateway->flashing);
	assert_int_equal(target->state, TARGET_FAILED);
	assert_int_equal(target->code, GATEWAY_CODE_WRONG_SERIAL);
	assert_false(target->erased);
	bench_free(b);
	free(prepared);
}

/* --- a bus that is lost */

static void a_flash_on_a_bus_that_is_lost_is_not_begun(void **state)
{
	struct bench *b = bench_new(true);
	const struct target *target = &b->gateway->campaigns[0].targets[0];
	struct prepared *prepared;

	(void)state;
	until(b, b->gateway->inventory_known && !b->gateway->identifying);
	stop_bus(b);
	until(b, b->flasher->buses[0].lost);
	prepared = begin_campaign(b, true);
	b->gateway->config.retry_pause_s = 30;
	flasher_flash(b->flasher, 0, 1, prepared);
	assert_int_equal(b->flasher->buses[0].n_works, 0);
	until(b, !b->gateway->flashing);
	assert_int_equal(target->code, GATEWAY_CODE_BUS_UNAVAILABLE);
	assert_int_equal(target->attempts, 0);
	restart_bus(b);
	until(b, !b->flasher->buses[0].lost);
	bench_free(b);
	free(prepared);
}

static void a_flash_whose_bus_is_lost_names_the_bus(void **state)
{
	struct bench *b = bench_new(true);
	const struct target *target = &b->gateway->campaigns[0].targets[0];
	struct prepared *prepared;

	(void)state;
	until(b, b->gateway->inventory_known && !b->gateway->identifying);
	prepared = begin_campaign(b, true);
	prepared->targets[0].profile.link.n_as_us = 50000; /* each request of many waits so long */
	b->gateway->config.retry_pause_s = 30;
	flasher_flash(b->flasher, 0, 1, prepared);
	assert_int_equal(b->flasher->buses[0].n_works, 1);
	until(b, flash_run_started(&b->flasher->buses[0].works[0]->run));
	stop_bus(b);
	until(b, !b->gateway->flashing);
	assert_int_equal(target->code, GATEWAY_CODE_TRANSPORT);
	assert_string_equal(target->text, "lamp: bus body is lost");
	assert_int_equal(target->attempts, 0);
	bench_free(b);
	free(prepared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_ecu_is_identified_with_what_it_says),
	    cmocka_unit_test(without_a_bus_every_ecu_is_absent_and_the_inventory_is_known),
	    cmocka_unit_test(a_bus_that_comes_later_is_used_then),
	    cmocka_unit_test(ecus_of_a_bus_that_comes_back_are_asked_soon),
	    cmocka_unit_test(a_bus_lost_while_identifying_ends_the_identification),
	    cmocka_unit_test(a_flasher_can_be_freed_at_any_turn),
	    cmocka_unit_test(a_flash_without_its_files_is_given_back_as_interrupted),
	    cmocka_unit_test(our_own_requests_are_no_other_tester),
	    cmocka_unit_test(another_tester_is_heard_while_we_are_idle_and_until_60_s_after),
	    cmocka_unit_test(another_tester_does_not_make_an_ecu_absent),
	    cmocka_unit_test(an_ecu_is_not_begun_while_another_tester_is_there),
	    cmocka_unit_test(after_60_s_of_quiet_it_is_begun),
	    cmocka_unit_test(an_ecu_that_is_erased_is_finished_all_the_same),
	    cmocka_unit_test(an_ecu_that_is_not_the_one_named_is_left_alone),
	    cmocka_unit_test(a_flash_on_a_bus_that_is_lost_is_not_begun),
	    cmocka_unit_test(a_flash_whose_bus_is_lost_names_the_bus),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
