/* gateway: which parts of a newer document are other terms, which are another offer, and which are neither. */
#include "tests/unit/core/fixture.h"

enum outcome { STANDS, ANSWERED_ANEW, OFFERED_ANEW };

static void nothing(struct campaign_doc *doc)
{
	(void)doc;
}

static void urgency(struct campaign_doc *doc)
{
	doc->urgency = URGENCY_HIGH;
}

static void supersedes(struct campaign_doc *doc)
{
	doc->n_supersedes = 1;
	snprintf(doc->supersedes[0], sizeof doc->supersedes[0], "c0");
}

static void window_start(struct campaign_doc *doc)
{
	doc->window_start_unix_s++;
}

static void window_end(struct campaign_doc *doc)
{
	doc->window_end_unix_s--;
}

static void deadline(struct campaign_doc *doc)
{
	doc->deadline_unix_s = UNIX_BASE + 80000;
}

static void one_window_less(struct campaign_doc *doc)
{
	doc->n_recurring = 0;
}

static void days(struct campaign_doc *doc)
{
	doc->recurring[0].days ^= 1;
}

static void minute(struct campaign_doc *doc)
{
	doc->recurring[0].start_minute++;
}

static void duration(struct campaign_doc *doc)
{
	doc->recurring[0].duration_s++;
}

static void zone_name(struct campaign_doc *doc)
{
	snprintf(doc->recurring[0].zone_name, sizeof doc->recurring[0].zone_name, "Test/Other");
}

static void what_its_zone_says(struct campaign_doc *doc)
{
	doc->recurring[0].zone.std_s = 3600;
	doc->recurring[0].zone.has_rule = true;
}

static void consent(struct campaign_doc *doc)
{
	doc->consent_required = true;
}

static void one_condition_more(struct campaign_doc *doc)
{
	doc->conditions[doc->n_conditions++] = (struct condition){CONDITION_CHARGING, 0};
}

static void a_conditions_kind(struct campaign_doc *doc)
{
	doc->conditions[0].kind = CONDITION_CHARGE_MIN_PERCENT;
}

static void a_conditions_value(struct campaign_doc *doc)
{
	doc->conditions[0].value++;
}

static void manifest(struct campaign_doc *doc)
{
	doc->manifest = sim_file(77, 600);
}

static void manifests_length(struct campaign_doc *doc)
{
	doc->manifest.length++;
}

static void rollback_image(struct campaign_doc *doc)
{
	doc->targets[1].rollback = sim_file(78, 600);
}

static void one_target_less(struct campaign_doc *doc)
{
	doc->n_targets--;
}

static void mode(struct campaign_doc *doc)
{
	doc->mode = MODE_CLIENT;
}

static void the_ecus(struct campaign_doc *doc)
{
	snprintf(doc->targets[0].ecu, sizeof doc->targets[0].ecu, "brake");
	snprintf(doc->targets[1].ecu, sizeof doc->targets[1].ecu, "engine");
}

static void an_ecus_hardware(struct campaign_doc *doc)
{
	snprintf(doc->targets[1].hardware_id, sizeof doc->targets[1].hardware_id, "HW-brake");
}

static void an_ecus_serial_number(struct campaign_doc *doc)
{
	snprintf(doc->targets[1].serial_number, sizeof doc->targets[1].serial_number, "SN-brake");
}

static void a_component(struct campaign_doc *doc)
{
	snprintf(doc->targets[1].component, sizeof doc->targets[1].component, "engine-app");
}

static void each_part_of_a_newer_document_counts_for_what_it_is(void **state)
{
	static const struct {
		const char *what;
		void (*change)(struct campaign_doc *doc);
		enum outcome outcome;
	} cases[] = {
	    {"nothing", nothing, STANDS},
	    {"urgency", urgency, STANDS},
	    {"supersedes", supersedes, STANDS},
	    {"what its zone says", what_its_zone_says, STANDS},
	    {"window start", window_start, ANSWERED_ANEW},
	    {"window end", window_end, ANSWERED_ANEW},
	    {"deadline", deadline, ANSWERED_ANEW},
	    {"one window less", one_window_less, ANSWERED_ANEW},
	    {"days", days, ANSWERED_ANEW},
	    {"minute", minute, ANSWERED_ANEW},
	    {"duration", duration, ANSWERED_ANEW},
	    {"zone name", zone_name, ANSWERED_ANEW},
	    {"consent", consent, ANSWERED_ANEW},
	    {"one condition more", one_condition_more, ANSWERED_ANEW},
	    {"a condition's kind", a_conditions_kind, ANSWERED_ANEW},
	    {"a condition's value", a_conditions_value, ANSWERED_ANEW},
	    {"manifest", manifest, OFFERED_ANEW},
	    {"the manifest's length", manifests_length, OFFERED_ANEW},
	    {"rollback image", rollback_image, OFFERED_ANEW},
	    {"one target less", one_target_less, OFFERED_ANEW},
	    {"mode", mode, OFFERED_ANEW},
	    {"the ECUs", the_ecus, OFFERED_ANEW},
	    {"an ECU's hardware", an_ecus_hardware, OFFERED_ANEW},
	    {"an ECU's serial number", an_ecus_serial_number, OFFERED_ANEW},
	    {"a component", a_component, OFFERED_ANEW},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct sim *s = sim_new();
		struct campaign_doc *doc = &s->director->campaigns[0];
		size_t n_answers;

		print_message("# %s\n", cases[i].what);
		doc->n_recurring = 1;
		doc->recurring[0] = (struct window_recurrence){.days = 127, .start_minute = 60, .duration_s = 7200};
		snprintf(doc->recurring[0].zone_name, sizeof doc->recurring[0].zone_name, "Test/Zone");
		zone_utc(&doc->recurring[0].zone);
		doc->n_conditions = 1;
		doc->conditions[0] = (struct condition){CONDITION_BATTERY_MIN_MV, 11000};
		doc->targets[0].hardware_id[0] = doc->targets[1].hardware_id[0] = 0; /* any */
		sim_start(s);
		sim_signals(s, IGNITION_ON, 0, 12600); /* it waits whatever it is asked for */
		sim_for(s, 60 * SECOND);
		assert_true(sim_campaign(s)->confirmed && sim_campaign(s)->state == CAMPAIGN_WAITING);
		n_answers = s->n_answers;
		s->confirm = false;
		cases[i].change(doc);
		sim_issue(s, 2, 102);
		sim_settle(s);
		assert_int_equal(sim_campaign(s)->confirmed, cases[i].outcome == STANDS);
		assert_int_equal(sim_campaign(s)->confirmed_start_unix_s != 0, cases[i].outcome == STANDS);
		assert_int_equal(sim_count_reports(s, "c1", CAMPAIGN_OFFERED),
				 cases[i].outcome == OFFERED_ANEW ? 2 : 1);
		if (cases[i].outcome != OFFERED_ANEW)
			assert_int_equal(s->n_answers - n_answers, cases[i].outcome == ANSWERED_ANEW);
		assert_int_equal(s->ecus[ENGINE].n_flashes + s->ecus[BRAKE].n_flashes, 0);
		sim_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_part_of_a_newer_document_counts_for_what_it_is),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
