"""How the product is set up that scenarios run on."""

from __future__ import annotations

SETTINGS = {
    "code_life_sms_seconds": "60",  # an expired code is really waited for; others stay good on a crowded machine
    "password_hash_memory_kib": "8192",  # hundreds of passwords on a small machine
    "password_hash_rounds": "1",
    "sms_per_day": "100000",
    # open at any time that the tests are run at; nobody is at the desk, so whoever is queued waits
    "desk_opens": "00:00",
    "desk_closes": "23:59:59",
    "desk_weekdays": "[1, 2, 3, 4, 5, 6, 7]",
    "desk_open_on_holidays": "true",
}
