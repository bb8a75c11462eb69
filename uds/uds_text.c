#include "uds/uds_text.h"

#include "uds/uds.h"

#include <stdio.h>

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

struct sub_function_words {
	uint8_t sid;
	uint8_t sub;
	const char *text;
};

static const struct sub_function_words sub_function_table[] = {
    {0x10, 0x01, "defaultSession"},
    {0x10, 0x02, "programmingSession"},
    {0x10, 0x03, "extendedDiagnosticSession"},
    {0x10, 0x04, "safetySystemDiagnosticSession"},
    {0x11, 0x01, "hardReset"},
    {0x11, 0x02, "keyOffOnReset"},
    {0x11, 0x03, "softReset"},
    {0x11, 0x04, "enableRapidPowerShutDown"},
    {0x11, 0x05, "disableRapidPowerShutDown"},
    {0x19, 0x01, "reportNumberOfDTCByStatusMask"},
    {0x19, 0x02, "reportDTCByStatusMask"},
    {0x19, 0x03, "reportDTCSnapshotIdentification"},
    {0x19, 0x04, "reportDTCSnapshotRecordByDTCNumber"},
    {0x19, 0x05, "reportDTCStoredDataByRecordNumber"},
    {0x19, 0x06, "reportDTCExtDataRecordByDTCNumber"},
    {0x19, 0x07, "reportNumberOfDTCBySeverityMaskRecord"},
    {0x19, 0x08, "reportDTCBySeverityMaskRecord"},
    {0x19, 0x09, "reportSeverityInformationOfDTC"},
    {0x19, 0x0a, "reportSupportedDTC"},
    {0x19, 0x0b, "reportFirstTestFailedDTC"},
    {0x19, 0x0c, "reportFirstConfirmedDTC"},
    {0x19, 0x0d, "reportMostRecentTestFailedDTC"},
    {0x19, 0x0e, "reportMostRecentConfirmedDTC"},
    {0x19, 0x14, "reportDTCFaultDetectionCounter"},
    {0x19, 0x15, "reportDTCWithPermanentStatus"},
    {0x28, 0x00, "enableRxAndTx"},
    {0x28, 0x01, "enableRxAndDisableTx"},
    {0x28, 0x02, "disableRxAndEnableTx"},
    {0x28, 0x03, "disableRxAndTx"},
    {0x28, 0x04, "enableRxAndDisableTxWithEnhancedAddressInformation"},
    {0x28, 0x05, "enableRxAndTxWithEnhancedAddressInformation"},
    {0x29, 0x00, "deAuthenticate"},
    {0x29, 0x01, "verifyCertificateUnidirectional"},
    {0x29, 0x02, "verifyCertificateBidirectional"},
    {0x29, 0x03, "proofOfOwnership"},
    {0x29, 0x04, "transmitCertificate"},
    {0x29, 0x05, "requestChallengeForAuthentication"},
    {0x29, 0x06, "verifyProofOfOwnershipUnidirectional"},
    {0x29, 0x07, "verifyProofOfOwnershipBidirectional"},
    {0x29, 0x08, "authenticationConfiguration"},
    {0x2c, 0x01, "defineByIdentifier"},
    {0x2c, 0x02, "defineByMemoryAddress"},
    {0x2c, 0x03, "clearDynamicallyDefinedDataIdentifier"},
    {0x31, 0x01, "startRoutine"},
    {0x31, 0x02, "stopRoutine"},
    {0x31, 0x03, "requestRoutineResults"},
    {0x3e, 0x00, "zeroSubFunction"},
    {0x85, 0x01, "on"},
    {0x85, 0x02, "off"},
    {0x87, 0x01, "verifyModeTransitionWithFixedParameter"},
    {0x87, 0x02, "verifyModeTransitionWithSpecificParameter"},
    {0x87, 0x03, "transitionMode"},
};

const char *uds_sub_function_text(uint8_t sid, uint8_t sub)
{
	if (!uds_sid_has_sub_function(sid))
		return "";
	sub &= (uint8_t)~UDS_SUPPRESS_POSITIVE_RESPONSE;
	/* levels are the manufacturer's: odd asks for a seed, the even one behind it sends the key */
	if (sid == UDS_SECURITY_ACCESS && sub >= 0x01 && sub <= 0x7e)
		return sub & 1u ? "requestSeed" : "sendKey";
	for (size_t i = 0; i < sizeof(sub_function_table) / sizeof(sub_function_table[0]); i++)
		if (sub_function_table[i].sid == sid && sub_function_table[i].sub == sub)
			return sub_function_table[i].text;
	return "";
}

const char *uds_dtc_text(const uint8_t dtc[3], char *out, size_t cap)
{
	snprintf(out, cap, "%c%X%X%02X-%02X", "PCBU"[dtc[0] >> 6], (dtc[0] >> 4) & 3u, dtc[0] & 0xfu, dtc[1], dtc[2]);
	return out;
}

/* bit 0 first */
static const char *const dtc_status_words[8] = {
    "testFailed",
    "testFailedThisOperationCycle",
    "pendingDTC",
    "confirmedDTC",
    "testNotCompletedSinceLastClear",
    "testFailedSinceLastClear",
    "testNotCompletedThisOperationCycle",
    "warningIndicatorRequested",
};

const char *uds_dtc_status_bit_text(unsigned bit)
{
	return bit < 8 ? dtc_status_words[bit] : "";
}
