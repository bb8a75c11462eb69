#include "sim/virtual_ecu_fault.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum argument {
	ARGUMENT_NONE,
	ARGUMENT_NUMBER,
	ARGUMENT_SWITCH,
	ARGUMENT_SID_NRC,
	ARGUMENT_SID,
	ARGUMENT_LENGTH,
	ARGUMENT_DTC
};

static const struct {
	const char *name;
	enum ecu_fault_kind kind;
	enum argument argument;
} faults[] = {
    {"drop-answers", ECU_FAULT_DROP_ANSWERS, ARGUMENT_NUMBER},
    {"silent", ECU_FAULT_SILENT, ARGUMENT_NUMBER},
    {"reset", ECU_FAULT_RESET, ARGUMENT_NONE},
    {"wait", ECU_FAULT_WAIT, ARGUMENT_NUMBER},
    {"wrong-crc", ECU_FAULT_WRONG_CRC, ARGUMENT_SWITCH},
    {"stuck-erase", ECU_FAULT_STUCK_ERASE, ARGUMENT_SWITCH},
    {"voltage-low", ECU_FAULT_VOLTAGE_LOW, ARGUMENT_SWITCH},
    {"negative", ECU_FAULT_NEGATIVE, ARGUMENT_SID_NRC},
    {"pending", ECU_FAULT_PENDING, ARGUMENT_SID},
    {"block-length", ECU_FAULT_BLOCK_LENGTH, ARGUMENT_LENGTH},
    {"wrong-sequence", ECU_FAULT_WRONG_SEQUENCE, ARGUMENT_NUMBER},
    {"wrong-counter", ECU_FAULT_WRONG_COUNTER, ARGUMENT_NUMBER},
    {"dtc", ECU_FAULT_DTC, ARGUMENT_DTC},
};

bool vecu_fault_number(const char *text, int base, uint32_t max, uint32_t *out)
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

bool vecu_fault_switch(const char *text, uint32_t *out)
{
	*out = strcmp(text, "on") == 0;
	return *out || strcmp(text, "off") == 0;
}

static bool take_sid_nrc(const char *text, uint32_t *out)
{
	char sid[3] = {text[0], text[0] ? text[1] : '\0', '\0'};
	uint32_t service, nrc;

	if (strlen(text) != 5 || text[2] != ':' || !vecu_fault_number(sid, 16, 255, &service) ||
	    !vecu_fault_number(text + 3, 16, 255, &nrc))
		return false;
	*out = service << 8 | nrc;
	return true;
}

/* CODE or CODE:STATUS */
static bool take_dtc(const char *text, uint32_t *out)
{
	const char *colon = strchr(text, ':');
	char code[7] = "";
	uint32_t status = 0;
	size_t n = colon ? (size_t)(colon - text) : strlen(text);

	if (n >= sizeof(code) || (colon && (!vecu_fault_number(colon + 1, 16, 0xff, &status) || !status)))
		return false;
	memcpy(code, text, n);
	if (!vecu_fault_number(code, 16, 0xffffff, out))
		return false;
	*out |= status << 24;
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
		return vecu_fault_number(text, 10, UINT32_MAX, out);
	case ARGUMENT_SWITCH:
		return vecu_fault_switch(text, out);
	case ARGUMENT_SID_NRC:
		return take_sid_nrc(text, out);
	case ARGUMENT_SID:
		return strcmp(text, "off") == 0 || (vecu_fault_number(text, 16, 0xff, out) && *out != 0);
	case ARGUMENT_LENGTH:
		*out = ECU_BLOCK_LENGTH_TRUE;
		return strcmp(text, "off") == 0 || vecu_fault_number(text, 10, ECU_BLOCK_LENGTH_TRUE - 1, out);
	case ARGUMENT_DTC:
		return take_dtc(text, out);
	}
	return false;
}

const char *vecu_fault_parse(const char *name, const char *argument, struct ecu_trigger *trigger)
{
	uint32_t arg;

	for (size_t i = 0; name && i < sizeof(faults) / sizeof(faults[0]); i++) {
		if (strcmp(faults[i].name, name) != 0)
			continue;
		if (!take_argument(faults[i].argument, argument, &arg))
			return "wrong or missing argument of the fault";
		trigger->kind = faults[i].kind;
		trigger->arg = arg;
		return NULL;
	}
	return "unknown fault; there are: drop-answers N, silent MS, wait MS, reset, wrong-crc on|off, stuck-erase "
	       "on|off, "
	       "voltage-low on|off, negative SID:NRC, pending SID|off, block-length N|off, wrong-sequence N, "
	       "wrong-counter N, dtc CODE[:STATUS]";
}
