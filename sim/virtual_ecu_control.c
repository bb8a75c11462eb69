#include "sim/virtual_ecu_control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/line_server.h"

enum argument { ARGUMENT_NONE, ARGUMENT_NUMBER, ARGUMENT_SWITCH, ARGUMENT_SID_NRC, ARGUMENT_HEX };

static const struct {
	const char *name;
	enum ecu_fault_kind kind;
	enum argument argument;
} faults[] = {
    {"drop-answers", ECU_FAULT_DROP_ANSWERS, ARGUMENT_NUMBER},
    {"silent", ECU_FAULT_SILENT, ARGUMENT_NUMBER},
    {"reset", ECU_FAULT_RESET, ARGUMENT_NONE},
    {"wrong-crc", ECU_FAULT_WRONG_CRC, ARGUMENT_SWITCH},
    {"stuck-erase", ECU_FAULT_STUCK_ERASE, ARGUMENT_SWITCH},
    {"voltage-low", ECU_FAULT_VOLTAGE_LOW, ARGUMENT_SWITCH},
    {"negative", ECU_FAULT_NEGATIVE, ARGUMENT_SID_NRC},
    {"dtc", ECU_FAULT_DTC, ARGUMENT_HEX},
};

static bool take_number(const char *text, int base, uint32_t max, uint32_t *out)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, base);
	if (errno || end == text || *end || text[0] == '-' || value > max)
		return false;
	*out = (uint32_t)value;
	return true;
}

static bool take_switch(const char *text, uint32_t *out)
{
	*out = strcmp(text, "on") == 0;
	return *out || strcmp(text, "off") == 0;
}

static bool take_sid_nrc(const char *text, uint32_t *out)
{
	char sid[3] = {text[0], text[0] ? text[1] : '\0', '\0'};
	uint32_t service, nrc;

	if (strlen(text) != 5 || text[2] != ':' || !take_number(sid, 16, 255, &service) ||
	    !take_number(text + 3, 16, 255, &nrc))
		return false;
	*out = service << 8 | nrc;
	return true;
}

static bool take_argument(enum argument kind, const char *text, uint32_t *out)
{
	*out = 0;
	if (kind == ARGUMENT_NONE)
		return !text;
	if (!text)
		return false;
	switch (kind) {
	case ARGUMENT_NONE:
		break;
	case ARGUMENT_NUMBER:
		return take_number(text, 10, UINT32_MAX, out);
	case ARGUMENT_SWITCH:
		return take_switch(text, out);
	case ARGUMENT_SID_NRC:
		return take_sid_nrc(text, out);
	case ARGUMENT_HEX:
		return take_number(text, 16, 0xffffff, out);
	}
	return false;
}

static void fault(struct vecu *ecu, char **words, struct json *answer)
{
	const char *name = strtok_r(NULL, " ", words);
	const char *argument = strtok_r(NULL, " ", words);
	uint32_t arg;

	for (size_t i = 0; name && i < sizeof(faults) / sizeof(faults[0]); i++) {
		if (strcmp(faults[i].name, name) != 0)
			continue;
		if (!take_argument(faults[i].argument, argument, &arg)) {
			line_server_error(answer, "wrong or missing argument of the fault");
			return;
		}
		ecu_core_fault(&ecu->core, can_station_now_us(), faults[i].kind, arg);
		vecu_run_kick(ecu);
		line_server_ok(answer);
		return;
	}
	line_server_error(answer, "unknown fault; there are: drop-answers N, silent MS, reset, wrong-crc on|off, "
				  "stuck-erase on|off, voltage-low on|off, negative SID:NRC, dtc HEX");
}

static void preconditions(struct vecu *ecu, char **words, struct json *answer)
{
	const char *argument = strtok_r(NULL, " ", words);
	uint32_t on;

	if (!argument || !take_switch(argument, &on)) {
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
	flag(json, "app_valid", core->nv.app_valid);
	flag(json, "boot_loader", ecu_core_in_boot(core));
	flag(json, "unlocked", core->unlocked);
	flag(json, "silenced", core->silenced);
	flag(json, "dtc_off", core->dtc_off);
	flag(json, "transferring", core->transfer.active);
	flag(json, "preconditions", core->preconditions);
	count(json, "programmed_bytes", ecu_extents_bytes(&core->nv.programmed));
	count(json, "crc32", ecu_memory_crc32_of(d->core.regions, d->core.n_regions, &core->nv.programmed));
	count(json, "resets", ecu->n_resets);
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
		line_server_error(answer, "unknown command; there are: status, fault ECU NAME [ARG], reset ECU, "
					  "preconditions ECU on|off, quit");
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
