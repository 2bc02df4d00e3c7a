#ifndef AGENTSAFE_CYAML_SHIM_H
#define AGENTSAFE_CYAML_SHIM_H

#include <yaml.h>

#endif
