#include "uds/uds.h"

const char *uds_sid_text(uint8_t sid)
{
	switch (sid) {
	case 0x10:
		return "DiagnosticSessionControl";
	case 0x11:
		return "ECUReset";
	case 0x14:
		return "ClearDiagnosticInformation";
	case 0x19:
		return "ReadDTCInformation";
	case 0x22:
		return "ReadDataByIdentifier";
	case 0x23:
		return "ReadMemoryByAddress";
	case 0x24:
		return "ReadScalingDataByIdentifier";
	case 0x27:
		return "SecurityAccess";
	case 0x28:
		return "CommunicationControl";
	case 0x29:
		return "Authentication";
	case 0x2a:
		return "ReadDataByPeriodicIdentifier";
	case 0x2c:
		return "DynamicallyDefineDataIdentifier";
	case 0x2e:
		return "WriteDataByIdentifier";
	case 0x2f:
		return "InputOutputControlByIdentifier";
	case 0x31:
		return "RoutineControl";
	case 0x34:
		return "RequestDownload";
	case 0x35:
		return "RequestUpload";
	case 0x36:
		return "TransferData";
	case 0x37:
		return "RequestTransferExit";
	case 0x38:
		return "RequestFileTransfer";
	case 0x3d:
		return "WriteMemoryByAddress";
	case 0x3e:
		return "TesterPresent";
	case 0x83:
		return "AccessTimingParameter";
	case 0x84:
		return "SecuredDataTransmission";
	case 0x85:
		return "ControlDTCSetting";
	case 0x86:
		return "ResponseOnEvent";
	case 0x87:
		return "LinkControl";
	default:
		return "unknown service";
	}
}

bool uds_sid_has_sub_function(uint8_t sid)
{
	switch (sid) {
	case 0x10:
	case 0x11:
	case 0x19:
	case 0x27:
	case 0x28:
	case 0x29:
	case 0x2c:
	case 0x31:
	case 0x3e:
	case 0x83:
	case 0x85:
	case 0x86:
	case 0x87:
		return true;
	default:
		return false;
	}
}

struct nrc_words {
	uint8_t nrc;
	const char *text;
	const char *hint;
};

static const struct nrc_words nrc_table[] = {
    {0x10, "general reject", "the ECU gives no reason; read its fault memory"},
    {0x11, "service not supported", "wrong ECU, or its boot loader does not know this service"},
    {0x12, "sub-function not supported", "check the profile's sub-function against the ECU's specification"},
    {0x13, "incorrect message length or invalid format",
     "check lengths in the profile: key, fingerprint, address and size formats"},
    {0x14, "response too long", "ask for less at once"},
    {0x21, "busy, repeat request", "another request is being worked on; repeat it later"},
    {0x22, "conditions not correct", "check ignition, standstill, engine and battery voltage"},
    {0x24, "request sequence error", "a step before this one is missing: session, seed, erase or download request"},
    {0x25, "no response from subnet component", "the ECU behind this gateway is asleep or disconnected"},
    {0x26, "failure prevents execution", "the ECU has a fault that forbids this; read its fault memory"},
    {0x31, "request out of range",
     "wrong address, size, identifier or routine for this ECU; check the image and profile"},
    {0x33, "security access denied", "unlock the ECU first (27 or 29)"},
    {0x34, "authentication required", "authenticate first (29)"},
    {0x35, "invalid key", "wrong key or security level for this ECU; do not repeat it blindly, attempts are counted"},
    {0x36, "exceeded number of attempts", "the ECU is locked for a while; wait for its delay before another seed"},
    {0x37, "required time delay not expired", "wait for the security delay; it also runs after power-on"},
    {0x3a, "secure data verification failed", ""},
    {0x50, "certificate verification failed, invalid time period", "check the certificate's dates and the ECU's time"},
    {0x51, "certificate verification failed, invalid signature", ""},
    {0x52, "certificate verification failed, invalid chain of trust", ""},
    {0x53, "certificate verification failed, invalid type", ""},
    {0x54, "certificate verification failed, invalid format", ""},
    {0x55, "certificate verification failed, invalid content", ""},
    {0x56, "certificate verification failed, invalid scope", ""},
    {0x57, "certificate verification failed, invalid certificate", ""},
    {0x58, "ownership verification failed", ""},
    {0x59, "challenge calculation failed", ""},
    {0x5a, "setting access rights failed", ""},
    {0x5b, "session key creation or derivation failed", ""},
    {0x5c, "configuration data usage failed", ""},
    {0x5d, "deauthentication failed", ""},
    {0x70, "upload or download not accepted", "memory not erased, another transfer open, or address range protected"},
    {0x71, "transfer data suspended",
     "more or fewer bytes than announced, or the ECU gave up; request the download again"},
    {0x72, "general programming failure",
     "flash memory could not be erased or written; check the supply voltage, erase again"},
    {0x73, "wrong block sequence counter", "a block was lost; request the download again"},
    {0x78, "request correctly received, response pending", "the ECU is still working"},
    {0x7e, "sub-function not supported in active session", "enter the right session first; it may have timed out"},
    {0x7f, "service not supported in active session", "enter the right session first; it may have timed out"},
    {0x81, "rpm too high", "stop the engine"},
    {0x82, "rpm too low", ""},
    {0x83, "engine is running", "stop the engine"},
    {0x84, "engine is not running", ""},
    {0x85, "engine run time too low", ""},
    {0x86, "temperature too high", "let it cool down"},
    {0x87, "temperature too low", "let it warm up"},
    {0x88, "vehicle speed too high", "stop the vehicle"},
    {0x89, "vehicle speed too low", ""},
    {0x8a, "throttle or pedal too high", "release the pedal"},
    {0x8b, "throttle or pedal too low", ""},
    {0x8c, "transmission range not in neutral", "select neutral"},
    {0x8d, "transmission range not in gear", ""},
    {0x8f, "brake switch not closed", "press the brake"},
    {0x90, "shifter lever not in park", "select park"},
    {0x91, "torque converter clutch locked", ""},
    {0x92, "voltage too high", "check the charger"},
    {0x93, "voltage too low", "connect a charger; programming at low voltage can destroy the ECU's memory"},
    {0x94, "resource temporarily not available", "try again later"},
};

static const struct nrc_words *nrc_find(uint8_t nrc)
{
	for (size_t i = 0; i < sizeof(nrc_table) / sizeof(nrc_table[0]); i++)
		if (nrc_table[i].nrc == nrc)
			return &nrc_table[i];
	return NULL;
}

const char *uds_nrc_text(uint8_t nrc)
{
	const struct nrc_words *words = nrc_find(nrc);

	return words ? words->text : "manufacturer-specific or reserved code";
}

const char *uds_nrc_hint(uint8_t nrc)
{
	const struct nrc_words *words = nrc_find(nrc);

	return words ? words->hint : "";
}
