/*
 * bus_error - the error frames of the virtual bus, as a PF_CAN socket gives them to who asked (linux/can/error.h), and
 * a controller's transmit error counter (ISO 11898-1): 8 more for each frame destroyed, 1 less for each that left.
 */
#ifndef SIM_BUS_ERROR_H
#define SIM_BUS_ERROR_H

#include "uds/can_msg.h"

#define BUS_ERROR_STEP    8u
#define BUS_ERROR_WARNING 96u
#define BUS_ERROR_PASSIVE 128u
#define BUS_ERROR_OFF     256u

/*
 * A destroyed frame ends with its acknowledgement: then come the error flags, the receivers' after the sender's, and
 * the delimiter, in place of 7 bits end of frame.
 */
#define BUS_ERROR_MORE_BITS (6u + 6u + 8u - 7u)

/* what a receiver's controller reports: a wrong CRC */
struct can_msg bus_error_seen(void);
/**
 * bus_error_of_sender() - what the sender's controller reports
 * @before, @after: its transmit error counter; a limit that it crosses is reported with it, bus-off from 256 on
 */
struct can_msg bus_error_of_sender(unsigned before, unsigned after);
/* the controller is off the bus, or on it again */
struct can_msg bus_error_off(void);
struct can_msg bus_error_restarted(void);

#endif
