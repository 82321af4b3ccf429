#include "COnexPlugin.h"
