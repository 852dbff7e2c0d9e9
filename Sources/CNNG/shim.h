// nng/nng.h comes first: the other headers of nng 1.5.2 do not include what they use.
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>
#include <nng/supplemental/tls/tls.h>
