/*
 * duration - how long the installation of a campaign may take: erase, transfer and verification of its ECUs, and going
 * back where there is an image for it; pure.
 *
 * Begins with the estimate of each ECU's flash (ecu-flash/estimate.h: bytes, bit rates, the times of its profile),
 * corrected by what its earlier flashes really took.
 */
#ifndef GATEWAYD_CORE_DURATION_H
#define GATEWAYD_CORE_DURATION_H

#include <stddef.h>
#include <stdint.h>

#define DURATION_MIN_PERMILLE 100u /* an estimate is not believed to be wrong by more than that */
#define DURATION_MAX_PERMILLE 20000u

struct duration_item {
	uint64_t estimate_ms;
	uint32_t permille;      /* what earlier flashes of the ECU took, of their estimate; 0 = none was measured */
	uint32_t back_permille; /* going back, of going forth; 0 = there is no image to go back to */
	uint8_t bus;            /* a number for each bus */
};

/* the mean, in which what is long ago counts ever less, after one more flash; @estimate_ms 0: nothing is learned */
uint32_t duration_learn(uint32_t permille, uint64_t estimate_ms, uint64_t actual_ms);
/* what one flash is expected to take */
uint64_t duration_expected_ms(uint64_t estimate_ms, uint32_t permille);
/**
 * duration_campaign_s() - what all of them may take, in seconds, rounded up
 *
 * Buses side by side, the ECUs of one bus one after the other: they share its bandwidth, and what they save by erasing
 * at the same time is left as a margin. Beside it there is a margin of 10 percent, of 25 for an ECU never measured.
 */
uint64_t duration_campaign_s(const struct duration_item *items, size_t n);
/* before an image is there to be looked at, from its bytes and the bus's bit rates (0: no data rate); 0 for 0 bytes */
uint64_t duration_rough_ms(uint64_t bytes, uint32_t bitrate, uint32_t data_bitrate);

#endif
