#include "gatewayd/io/catalog.h"

const char *catalog_message_id(enum gateway_event event)
{
	switch (event) {
	case GATEWAY_EVENT_NONE:
		return NULL;
	case GATEWAY_EVENT_OFFERED:
		return "cff79ffbe6744c47ba0a2064fa9aa3e7";
	case GATEWAY_EVENT_INSTALLING:
		return "1dee48feaa0c41408b461fdf6de82d43";
	case GATEWAY_EVENT_ERASING:
		return "709bb36f94524838aed9f86c87c5a619";
	case GATEWAY_EVENT_VERIFIED:
		return "aabda1d0beb349d09710ac1a954ff9cd";
	case GATEWAY_EVENT_ATTEMPT_FAILED:
		return "6051a4a8392f4024951b53d6349fab61";
	case GATEWAY_EVENT_NO_ATTEMPT_LEFT:
		return "7c4e8b83b9c94f5da1879760a1908ded";
	case GATEWAY_EVENT_DONE:
		return "4d91370455e044b3822d7309ed699b8c";
	case GATEWAY_EVENT_ENDED_OTHERWISE:
		return "dd85b18c5e3e4caf8edc0686aaf7a2a0";
	case GATEWAY_EVENT_INCONSISTENT:
		return "d9a954943c32471ea5f2dde0fd2faa58";
	case GATEWAY_EVENT_DOCUMENT_REFUSED:
		return "6bd9be362c9d42ac84de4a3ea462b551";
	case GATEWAY_EVENT_SESSION_UP:
		return "733572ace3954ac080348b49d448ad44";
	case GATEWAY_EVENT_SESSION_LOST:
		return "d53dc286f0c74f25a40d252079f364b4";
	case GATEWAY_EVENT_ECU_REPLACED:
		return "df0eeeff7eb04466ac91b0640c452ec8";
	}
	return NULL;
}
