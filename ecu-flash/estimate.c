#include "ecu-flash/estimate.h"

#define REQUEST_US       UINT64_C(20000) /* a short request with its answer, on a quiet bus */
#define SECURITY_US      UINT64_C(300000)
#define CHECK_US_PER_KIB UINT64_C(300)

/* bits of a data frame with @n bytes, intermission and the stuff bits of random data (one in 19 or so) included */
static uint64_t frame_ns(const struct isotp_config *link, const struct estimate_link *bus, size_t n)
{
	uint64_t nominal_bits = link->address.extended_id ? 67 : 47;
	uint64_t data_bits = 8 * n;
	uint32_t data_bps = link->brs && bus->data_bps ? bus->data_bps : bus->nominal_bps;

	if (link->fd) {
		/* arbitration, acknowledge and end at the nominal rate; control, data and CRC at the data rate */
		nominal_bits = link->address.extended_id ? 49 : 30;
		data_bits += n > 16 ? 36u : 31u;
	}
	nominal_bits += nominal_bits / 19;
	data_bits += data_bits / 19;
	return nominal_bits * UINT64_C(1000000000) / bus->nominal_bps + data_bits * UINT64_C(1000000000) / data_bps;
}

/* one TransferData with @n bytes of payload, from its first frame to the ECU's answer */
static uint64_t block_us(const struct profile *p, const struct estimate_link *bus, uint64_t n)
{
	const struct isotp_config *link = &p->link;
	uint64_t head = link->address.form == ISOTP_EXTENDED || link->address.form == ISOTP_MIXED ? 1 : 0;
	uint64_t pdu = n + 2;
	uint64_t dl = link->tx_dl;
	uint64_t first = dl - 2 - head;
	uint64_t each = dl - 1 - head;
	uint64_t frames = 1, flow_controls = 0, ns;

	if (pdu > each) {
		uint64_t consecutive = pdu > first ? (pdu - first + each - 1) / each : 1;

		frames += consecutive;
		flow_controls = bus->block_size ? (consecutive + bus->block_size - 1) / bus->block_size : 1;
	}
	ns = frames * frame_ns(link, bus, dl) + (flow_controls + 1) * frame_ns(link, bus, 8);
	return ns / 1000 + (frames - 1) * bus->st_min_us + p->program_us_per_block;
}

static uint64_t transfer_us(const struct profile *p, const struct estimate_link *bus, const struct image *image)
{
	uint64_t longest = bus->max_number_of_block_length ? bus->max_number_of_block_length : 4095;
	uint64_t us = 0;

	if (p->max_block_bytes && p->max_block_bytes < longest)
		longest = p->max_block_bytes;
	if (longest < 3)
		longest = 3;
	for (size_t i = 0; i < image->n_segments; i++) {
		uint64_t n = image->segments[i].n_bytes;

		us += n / (longest - 2) * block_us(p, bus, longest - 2);
		if (n % (longest - 2))
			us += block_us(p, bus, n % (longest - 2));
	}
	return us;
}

/* a start of the erase routine, a 34 or a 37 for each segment of all units */
static uint64_t segments_us(const struct flash_unit *units, uint8_t n_units)
{
	uint64_t n = 0;

	for (uint8_t u = 0; u < n_units; u++)
		n += units[u].image->n_segments;
	return n * REQUEST_US;
}

static uint64_t all_bytes(const struct flash_unit *units, uint8_t n_units)
{
	uint64_t n = 0;

	for (uint8_t u = 0; u < n_units; u++)
		n += units[u].image->n_bytes;
	return n;
}

static uint64_t erase_us(const struct profile *profile, const struct flash_unit *units, uint8_t n_units)
{
	return all_bytes(units, n_units) * profile->erase_ms_per_kib_x100 * 10 / 1024;
}

static uint64_t all_transfers_us(const struct profile *profile, const struct flash_unit *units, uint8_t n_units,
				 const struct estimate_link *link)
{
	uint64_t us = 0;

	for (uint8_t u = 0; u < n_units; u++)
		us += transfer_us(profile, link, units[u].image);
	return us;
}

uint64_t estimate_step_us(const struct profile *profile, const struct flash_step *step, const struct flash_unit *units,
			  uint8_t n_units, const struct estimate_link *link)
{
	switch (step->kind) {
	case FLASH_STEP_SECURITY:
		return REQUEST_US + SECURITY_US;
	case FLASH_STEP_ERASE:
		return REQUEST_US + segments_us(units, n_units) + erase_us(profile, units, n_units);
	case FLASH_STEP_TRANSFER:
		return REQUEST_US + 2 * segments_us(units, n_units) + all_transfers_us(profile, units, n_units, link);
	case FLASH_STEP_CHECK_MEMORY:
		return REQUEST_US + all_bytes(units, n_units) * CHECK_US_PER_KIB / 1024;
	case FLASH_STEP_WAIT_BOOT:
		return REQUEST_US + profile->boot_wait_ms * UINT64_C(1000);
	case FLASH_STEP_WAIT:
		return REQUEST_US + step->wait_ms * UINT64_C(1000);
	case FLASH_STEP_SESSION:
	case FLASH_STEP_FINGERPRINT:
	case FLASH_STEP_DEPENDENCIES:
	case FLASH_STEP_RESET:
	case FLASH_STEP_READ_VERSION:
	case FLASH_STEP_ROUTINE:
	case FLASH_STEP_WRITE_DID:
	case FLASH_STEP_SWITCH_OVER:
	case FLASH_STEP_SWITCH_BACK:
		break;
	}
	return REQUEST_US;
}

uint64_t estimate_bus_step_us(const struct profile *profile)
{
	return REQUEST_US + profile->timing.p2_us / 2;
}

struct estimate estimate_flash(const struct profile *profile, const struct flash_unit *units, uint8_t n_units,
			       const struct estimate_link *link)
{
	uint64_t us = (uint64_t)(profile->n_bus_before + profile->n_bus_after) * estimate_bus_step_us(profile);

	for (uint8_t i = 0; i < profile->n_steps; i++)
		us += estimate_step_us(profile, &profile->steps[i], units, n_units, link);
	return (struct estimate){
	    .total_ms = (us + 999) / 1000,
	    .transfer_ms = (all_transfers_us(profile, units, n_units, link) + 999) / 1000,
	    .erase_ms = (erase_us(profile, units, n_units) + 999) / 1000,
	};
}
