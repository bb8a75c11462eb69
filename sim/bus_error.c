/* Linux's error classes and their data, by value: this layer is pure and includes no kernel header. */
#include "sim/bus_error.h"

#define CLASS_CONTROLLER      0x004u
#define CLASS_PROTOCOL        0x008u
#define CLASS_BUS_OFF         0x040u
#define CLASS_BUS_ERROR       0x080u
#define CLASS_RESTARTED       0x100u
#define CLASS_COUNTERS        0x200u /* data[6] and data[7] hold the error counters */

#define DATA_CONTROLLER       1u
#define DATA_PROTOCOL         2u
#define DATA_LOCATION         3u
#define DATA_TX_ERRORS        6u

#define CONTROLLER_TX_WARNING 0x08u
#define CONTROLLER_TX_PASSIVE 0x20u
#define PROTOCOL_TX           0x80u
#define LOCATION_CRC_SEQUENCE 0x08u

static struct can_msg error_frame(uint32_t classes)
{
	return (struct can_msg){.id = classes, .flags = CAN_MSG_ERROR, .len = 8};
}

struct can_msg bus_error_seen(void)
{
	struct can_msg msg = error_frame(CLASS_PROTOCOL | CLASS_BUS_ERROR);

	msg.data[DATA_LOCATION] = LOCATION_CRC_SEQUENCE;
	return msg;
}

static bool crosses(unsigned before, unsigned after, unsigned limit)
{
	return before < limit && after >= limit;
}

struct can_msg bus_error_of_sender(unsigned before, unsigned after)
{
	struct can_msg msg = error_frame(CLASS_PROTOCOL | CLASS_BUS_ERROR | CLASS_COUNTERS);

	msg.data[DATA_PROTOCOL] = PROTOCOL_TX;
	msg.data[DATA_LOCATION] = LOCATION_CRC_SEQUENCE;
	msg.data[DATA_TX_ERRORS] = (uint8_t)(after < 255 ? after : 255);
	if (after >= BUS_ERROR_OFF) {
		msg.id |= CLASS_BUS_OFF;
	} else if (crosses(before, after, BUS_ERROR_PASSIVE)) {
		msg.id |= CLASS_CONTROLLER;
		msg.data[DATA_CONTROLLER] = CONTROLLER_TX_PASSIVE;
	} else if (crosses(before, after, BUS_ERROR_WARNING)) {
		msg.id |= CLASS_CONTROLLER;
		msg.data[DATA_CONTROLLER] = CONTROLLER_TX_WARNING;
	}
	return msg;
}

struct can_msg bus_error_off(void)
{
	return error_frame(CLASS_BUS_OFF);
}

struct can_msg bus_error_restarted(void)
{
	return error_frame(CLASS_RESTARTED);
}
