#include "uds/uds.h"

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
