#include "uds/uds_text.h"

#include "uds/uds.h"

struct nrc_words {
	uint8_t nrc;
	const char *text;
	const char *meaning;
	const char *advice;
};

static const struct nrc_words nrc_table[] = {
    {0x10, "general reject", "the ECU refuses and gives no reason", "read its fault memory"},
    {0x11, "service not supported", "the ECU, or the boot loader that runs now, does not know this service",
     "check that the addresses lead to the right ECU, and the session the service needs"},
    {0x12, "sub-function not supported", "the service is known, this sub-function is not",
     "check the profile's sub-function against the ECU's specification"},
    {0x13, "incorrect message length or invalid format", "the request is longer or shorter than this ECU expects",
     "check lengths in the profile: key, fingerprint, address and size formats"},
    {0x14, "response too long", "the answer does not fit what the transport carries", "ask for less at once"},
    {0x21, "busy, repeat request", "the ECU works on another request, perhaps of another tester", "repeat it later"},
    {0x22, "conditions not correct", "the ECU's own conditions for this are not met",
     "check ignition, standstill, engine and battery voltage, and that no other transfer is open"},
    {0x24, "request sequence error", "a step before this one is missing",
     "check the order of session, seed, erase and download request"},
    {0x25, "no response from subnet component", "this is a gateway, and the ECU behind it does not answer",
     "check that the ECU behind it is awake and connected"},
    {0x26, "failure prevents execution", "the ECU has a fault that forbids this", "read its fault memory"},
    {0x31, "request out of range",
     "an address, size, identifier or routine is none that this ECU knows, or not in this session",
     "check the image and profile"},
    {0x33, "security access denied", "the ECU is locked", "unlock the ECU first (27 or 29)"},
    {0x34, "authentication required", "the ECU asks for a certificate or signature before it does this",
     "authenticate first (29)"},
    {0x35, "invalid key", "wrong key or security level for this ECU",
     "do not repeat it blindly, attempts are counted; check key, algorithm and level"},
    {0x36, "exceeded number of attempts", "too many wrong keys; the ECU is locked for a while",
     "wait for its delay before another seed"},
    {0x37, "required time delay not expired", "the security delay still runs; it runs after power-on too",
     "wait for the delay, then ask for a seed once"},
    {0x38, "secure data transmission required", "the ECU takes this request only secured (84)",
     "use secured data transmission"},
    {0x39, "secure data transmission not allowed", "the ECU takes this request only unsecured", "send it without 84"},
    {0x3a, "secure data verification failed", "the signature or counter of a secured request is wrong",
     "check the keys; begin a new secured session"},
    {0x50, "certificate verification failed, invalid time period", "the certificate is not valid yet or not any more",
     "check the certificate's dates and the ECU's time"},
    {0x51, "certificate verification failed, invalid signature", "the certificate's signature does not verify",
     "check that the file is whole and of the issuer this ECU trusts"},
    {0x52, "certificate verification failed, invalid chain of trust",
     "the ECU does not know who issued the certificate", "send the whole chain, of an issuer this ECU trusts"},
    {0x53, "certificate verification failed, invalid type", "the certificate is made for something else",
     "use a certificate for diagnostic access"},
    {0x54, "certificate verification failed, invalid format", "the ECU cannot read the certificate",
     "check the format the ECU expects"},
    {0x55, "certificate verification failed, invalid content", "a field of the certificate is not what the ECU expects",
     "check role, vehicle and serial number in the certificate"},
    {0x56, "certificate verification failed, invalid scope", "the certificate does not cover this ECU or vehicle",
     "use one that does"},
    {0x57, "certificate verification failed, invalid certificate",
     "the certificate was revoked or is otherwise refused", "ask its issuer"},
    {0x58, "ownership verification failed", "the proof does not fit the certificate: another private key",
     "check that key and certificate belong together"},
    {0x59, "challenge calculation failed", "the ECU could not make a challenge",
     "try again; if it stays, read its fault memory"},
    {0x5a, "setting access rights failed", "the ECU could not grant the rights of the certificate",
     "try again; if it stays, read its fault memory"},
    {0x5b, "session key creation or derivation failed", "the two sides did not agree on a key",
     "check algorithm and key exchange parameters"},
    {0x5c, "configuration data usage failed", "the configuration sent with the certificate is not accepted",
     "check the configuration data"},
    {0x5d, "deauthentication failed", "the ECU keeps the rights granted before",
     "reset it, or return to the default session"},
    {0x70, "upload or download not accepted", "memory not erased, another transfer open, or address range protected",
     "erase first; check address and size; end the other transfer (37)"},
    {0x71, "transfer data suspended", "more or fewer bytes than announced, or the ECU gave up",
     "request the download again"},
    {0x72, "general programming failure", "flash memory could not be erased or written",
     "check the supply voltage, erase again"},
    {0x73, "wrong block sequence counter", "a block was lost, or came twice", "request the download again"},
    {0x78, "request correctly received, response pending", "the ECU is still working", "wait; the answer comes"},
    {0x7e, "sub-function not supported in active session", "this is for another session, or the session has timed out",
     "enter the right session first; keep it with tester present"},
    {0x7f, "service not supported in active session", "this is for another session, or the session has timed out",
     "enter the right session first; keep it with tester present"},
    {0x81, "rpm too high", "the engine turns too fast", "stop the engine"},
    {0x82, "rpm too low", "the engine turns too slowly", "run the engine faster"},
    {0x83, "engine is running", "the engine must stand still for this", "stop the engine"},
    {0x84, "engine is not running", "the engine must run for this", "start the engine"},
    {0x85, "engine run time too low", "the engine has not run for long enough", "let it run and repeat"},
    {0x86, "temperature too high", "a temperature is above the limit for this", "let it cool down"},
    {0x87, "temperature too low", "a temperature is below the limit for this", "let it warm up"},
    {0x88, "vehicle speed too high", "the vehicle moves", "stop the vehicle"},
    {0x89, "vehicle speed too low", "the vehicle must move for this", "this needs a drive or a test stand"},
    {0x8a, "throttle or pedal too high", "the accelerator pedal is pressed", "release the pedal"},
    {0x8b, "throttle or pedal too low", "the accelerator pedal must be pressed", "press the pedal"},
    {0x8c, "transmission range not in neutral", "a gear is engaged", "select neutral"},
    {0x8d, "transmission range not in gear", "no gear is engaged", "select a gear"},
    {0x8f, "brake switch not closed", "the brake must be pressed for this", "press the brake"},
    {0x90, "shifter lever not in park", "the selector is not in park", "select park"},
    {0x91, "torque converter clutch locked", "the clutch must be open for this", "open it: standstill, idle"},
    {0x92, "voltage too high", "the supply is above the limit for this", "check the charger"},
    {0x93, "voltage too low", "programming at low voltage can destroy the ECU's memory, so the ECU refuses",
     "connect a charger"},
    {0x94, "resource temporarily not available", "something the ECU needs for this is in use", "try again later"},
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

const char *uds_nrc_meaning(uint8_t nrc)
{
	const struct nrc_words *words = nrc_find(nrc);

	return words ? words->meaning : "";
}

const char *uds_nrc_advice(uint8_t nrc)
{
	const struct nrc_words *words = nrc_find(nrc);

	return words ? words->advice : "";
}

const char *uds_nrc_hint(uint8_t nrc)
{
	return uds_nrc_advice(nrc);
}
