"""How the product is set up that scenarios run on."""

from __future__ import annotations

SETTINGS = {
    "code_life_sms_seconds": "60",  # an expired code is really waited for; others stay good on a crowded machine
    "password_hash_memory_kib": "8192",  # hundreds of passwords on a small machine
    "password_hash_rounds": "1",
    "sms_per_day": "100000",
}
