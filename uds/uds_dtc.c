#include "uds/uds_dtc.h"

#include "uds/uds.h"

#include <string.h>

enum { REPORT_NUMBER_BY_STATUS_MASK = 0x01, REPORT_BY_STATUS_MASK = 0x02, REPORT_SUPPORTED = 0x0a };

#define HEAD_BYTES   3u /* 59, sub-function, availability mask */
#define NUMBER_BYTES 6u /* the head, format, count in two bytes */
#define RECORD_BYTES 4u /* code and status */

bool uds_dtc_report_parse(const uint8_t *pdu, size_t n, struct uds_dtc_report *out)
{
	struct uds_dtc_report report = {0};

	if (n < HEAD_BYTES || pdu[0] != UDS_READ_DTC_INFORMATION + UDS_POSITIVE_OFFSET)
		return false;
	report.sub_function = pdu[1];
	report.availability_mask = pdu[2];
	switch (pdu[1]) {
	case REPORT_NUMBER_BY_STATUS_MASK:
		if (n != NUMBER_BYTES)
			return false;
		report.format = pdu[3];
		report.count = (uint16_t)(pdu[4] << 8 | pdu[5]);
		break;
	case REPORT_BY_STATUS_MASK:
	case REPORT_SUPPORTED:
		if ((n - HEAD_BYTES) % RECORD_BYTES != 0 || (n - HEAD_BYTES) / RECORD_BYTES > UINT16_MAX)
			return false;
		report.count = (uint16_t)((n - HEAD_BYTES) / RECORD_BYTES);
		report.records = pdu + HEAD_BYTES;
		break;
	default:
		return false;
	}
	*out = report;
	return true;
}

bool uds_dtc_report_get(const struct uds_dtc_report *report, size_t index, struct uds_dtc *out)
{
	if (!report->records || index >= report->count)
		return false;
	const uint8_t *record = report->records + index * RECORD_BYTES;
	memcpy(out->code, record, sizeof(out->code));
	out->status = record[3];
	return true;
}
