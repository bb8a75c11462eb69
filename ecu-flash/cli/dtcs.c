#include "ecu-flash/cli/dtcs.h"

#include <stdio.h>

#include "uds/uds_dtc.h"
#include "uds/uds_text.h"

void dtcs_text(const uint8_t *answer, size_t n)
{
	struct uds_dtc_report report;
	struct uds_dtc dtc;

	if (!uds_dtc_report_parse(answer, n, &report))
		return;
	for (size_t i = 0; uds_dtc_report_get(&report, i, &dtc); i++) {
		char code[UDS_DTC_TEXT_CAP];
		const char *between = "";

		printf("  %s  %02X  ", uds_dtc_text(dtc.code, code, sizeof code), dtc.status);
		for (unsigned bit = 0; bit < 8; bit++) {
			if (!(dtc.status & report.availability_mask & 1u << bit))
				continue;
			printf("%s%s", between, uds_dtc_status_bit_text(bit));
			between = ", ";
		}
		putchar('\n');
	}
}

void dtcs_json(struct json *json, const uint8_t *answer, size_t n)
{
	struct uds_dtc_report report;
	struct uds_dtc dtc;

	if (!answer || !uds_dtc_report_parse(answer, n, &report)) {
		json_string(json, NULL);
		return;
	}
	json_array(json);
	for (size_t i = 0; uds_dtc_report_get(&report, i, &dtc); i++) {
		char code[UDS_DTC_TEXT_CAP];

		json_object(json);
		json_key(json, "code");
		json_string(json, uds_dtc_text(dtc.code, code, sizeof code));
		json_key(json, "bytes");
		json_hex(json, dtc.code, sizeof dtc.code);
		json_key(json, "status");
		json_uint(json, dtc.status);
		json_key(json, "words");
		json_array(json);
		for (unsigned bit = 0; bit < 8; bit++)
			if (dtc.status & report.availability_mask & 1u << bit)
				json_string(json, uds_dtc_status_bit_text(bit));
		json_array_end(json);
		json_object_end(json);
	}
	json_array_end(json);
}
