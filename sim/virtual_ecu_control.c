#include "sim/virtual_ecu_control.h"

#include <string.h>

#include "sim/line_server.h"
#include "sim/virtual_ecu_fault.h"

/* NAME [ARG] [at SID [after N]] */
static void fault(struct vecu *ecu, char **words, struct json *answer)
{
	const char *name = strtok_r(NULL, " ", words);
	const char *argument = strtok_r(NULL, " ", words);
	const char *at = argument && strcmp(argument, "at") == 0 ? argument : strtok_r(NULL, " ", words);
	const char *sid = strtok_r(NULL, " ", words);
	const char *after = strtok_r(NULL, " ", words);
	const char *n = strtok_r(NULL, " ", words);
	struct ecu_trigger trigger = {.at_service = 0};
	uint32_t number = 0;
	const char *wrong = vecu_fault_parse(name, at == argument ? NULL : argument, &trigger);

	if (!wrong && at &&
	    (strcmp(at, "at") != 0 || !sid || !vecu_fault_number(sid, 16, 0xff, &number) || number == 0))
		wrong = "after the fault: at SID (hex) [after N]";
	trigger.at_service = (uint8_t)number;
	if (!wrong && after &&
	    (strcmp(after, "after") != 0 || !n || !vecu_fault_number(n, 10, UINT32_MAX, &trigger.after)))
		wrong = "after the fault: at SID (hex) [after N]";
	if (!wrong && strtok_r(NULL, " ", words))
		wrong = "too many words";
	if (!wrong && !ecu_core_arm(&ecu->core, can_station_now_us(), &trigger))
		wrong = "too many faults wait for their request already";
	if (wrong) {
		line_server_error(answer, wrong);
		return;
	}
	vecu_run_kick(ecu);
	line_server_ok(answer);
}

static void preconditions(struct vecu *ecu, char **words, struct json *answer)
{
	const char *argument = strtok_r(NULL, " ", words);
	uint32_t on;

	if (!argument || !vecu_fault_switch(argument, &on)) {
		line_server_error(answer, "preconditions ECU on|off");
		return;
	}
	ecu_core_set_preconditions(&ecu->core, on != 0);
	line_server_ok(answer);
}

static const char *session_text(enum uds_session session)
{
	switch (session) {
	case UDS_SESSION_DEFAULT:
		return "default";
	case UDS_SESSION_PROGRAMMING:
		return "programming";
	case UDS_SESSION_EXTENDED:
		return "extended";
	}
	return "";
}

static void text(struct json *json, const char *key, const char *value)
{
	json_key(json, key);
	json_string(json, value);
}

static void flag(struct json *json, const char *key, bool value)
{
	json_key(json, key);
	json_bool(json, value);
}

static void count(struct json *json, const char *key, uint64_t value)
{
	json_key(json, key);
	json_uint(json, value);
}

static void ecu_status(const struct vecu *ecu, struct json *json)
{
	const struct ecu_core *core = &ecu->core;
	const struct vecu_definition *d = ecu->definition;
	char version[ECU_TEXT_BYTES];

	ecu_core_version(core, version);
	json_object(json);
	text(json, "name", d->name);
	text(json, "bus", ecu->run->setup->buses[d->bus].name);
	text(json, "session", session_text(core->session));
	text(json, "version", version);
	flag(json, "app_valid", ecu_core_app_valid(core));
	flag(json, "boot_loader", ecu_core_in_boot(core));
	flag(json, "unlocked", core->unlocked_level != 0);
	flag(json, "silenced", core->silenced);
	flag(json, "dtc_off", core->dtc_off);
	flag(json, "transferring", core->transfer.active);
	flag(json, "preconditions", core->preconditions);
	count(json, "programmed_bytes", ecu_core_programmed_bytes(core));
	count(json, "crc32", ecu_core_crc32(core));
	if (d->core.banks.present) {
		const struct ecu_nonvolatile *nv = &core->nv;
		bool switches = nv->bank_mark == ECU_BANK_OVER || nv->bank_mark == ECU_BANK_BACK;

		text(json, "bank", nv->running_bank ? "b" : "a");
		text(json, "next_bank", (nv->running_bank != 0) != switches ? "b" : "a");
		flag(json, "other_bank_valid", nv->running_bank ? nv->app_valid : nv->bank_b.app_valid);
	}
	count(json, "resets", ecu->n_resets);
	count(json, "faults_waiting", core->n_triggers);
	json_key(json, "fingerprint");
	json_hex(json, core->nv.fingerprint, core->nv.n_fingerprint);
	json_object_end(json);
}

static void status(struct vecu_run *run, struct json *json)
{
	json_object(json);
	json_key(json, "buses");
	json_array(json);
	for (size_t i = 0; i < run->setup->n_buses; i++) {
		json_object(json);
		text(json, "name", run->setup->buses[i].name);
		text(json, "port", run->setup->buses[i].port);
		flag(json, "up", run->stations[i] && can_station_is_up(run->stations[i]));
		json_object_end(json);
	}
	json_array_end(json);
	json_key(json, "ecus");
	json_array(json);
	for (size_t i = 0; i < run->setup->n_ecus; i++)
		ecu_status(&run->ecus[i], json);
	json_array_end(json);
	json_object_end(json);
}

bool vecu_control_obey(void *owner, char *line, struct json *answer)
{
	struct vecu_run *run = owner;
	char *words = NULL;
	const char *command = strtok_r(line, " ", &words);
	const char *name;
	struct vecu *ecu;

	if (command && strcmp(command, "quit") == 0) {
		line_server_ok(answer);
		return true;
	}
	if (command && strcmp(command, "status") == 0) {
		status(run, answer);
		return false;
	}
	if (!command ||
	    (strcmp(command, "fault") != 0 && strcmp(command, "reset") != 0 && strcmp(command, "preconditions") != 0)) {
		line_server_error(answer,
				  "unknown command; there are: status, fault ECU NAME [ARG] [at SID [after N]], "
				  "reset ECU, preconditions ECU on|off, quit");
		return false;
	}
	name = strtok_r(NULL, " ", &words);
	ecu = name ? vecu_run_find(run, name) : NULL;
	if (!ecu) {
		line_server_error(answer, "no such ECU");
	} else if (strcmp(command, "fault") == 0) {
		fault(ecu, &words, answer);
	} else if (strcmp(command, "preconditions") == 0) {
		preconditions(ecu, &words, answer);
	} else {
		ecu_core_fault(&ecu->core, can_station_now_us(), ECU_FAULT_RESET, 0);
		vecu_run_kick(ecu);
		line_server_ok(answer);
	}
	return false;
}
