/*
 * estimate - how long the flash of one ECU will take, from its profile, its images and the bit rate.
 *
 * For windows, for what the driver is told, and for the remaining time before the first measured rate. Counts the
 * frames of every block with stuffing as random data has it, the ECU's erase and program times of the profile, and the
 * time of the steps around them; other traffic and repetitions are not counted.
 */
#ifndef ECU_FLASH_ESTIMATE_H
#define ECU_FLASH_ESTIMATE_H

#include "ecu-flash/flash_run.h"

struct estimate_link {
	uint32_t nominal_bps;                /* 10000..1000000 */
	uint32_t data_bps;                   /* with bit rate switch; 0 = the nominal one */
	uint32_t max_number_of_block_length; /* as the ECU said before; 0 = 4095, or the profile's cap */
	uint8_t block_size;                  /* of the ECU's flow controls, 0 = one flow control a block */
	uint32_t st_min_us;                  /* of the ECU's flow controls */
};

struct estimate {
	uint64_t total_ms;
	uint64_t transfer_ms; /* TransferData alone */
	uint64_t erase_ms;
};

/* Return: the estimate; an image without bytes takes the time of the steps alone. Cannot fail. */
struct estimate estimate_flash(const struct profile *profile, const struct flash_unit *units, uint8_t n_units,
			       const struct estimate_link *link);

/* the same of one step of the sequence or of the way back, over all units; the total is the sum of these */
uint64_t estimate_step_us(const struct profile *profile, const struct flash_step *step, const struct flash_unit *units,
			  uint8_t n_units, const struct estimate_link *link);
/* of any step of bus_before or bus_after */
uint64_t estimate_bus_step_us(const struct profile *profile);

#endif
