"""How the product is set up that scenarios run on."""

from __future__ import annotations

SETTINGS = {
    "code_life_sms_seconds": "15",  # an expired code is one that was really waited for
    "password_hash_memory_kib": "8192",  # hundreds of passwords on a small machine
    "password_hash_rounds": "1",
    "sms_per_day": "100000",
}
