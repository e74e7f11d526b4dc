"""What people and the machine do, as keys that are kept and sentences that are shown."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from kobling.records import N_


class What(StrEnum):
    """A kind of thing that somebody did; the value is what the log keeps."""

    BEGUN = "begun"
    SIGN_IN_LINK = "sign_in_link_made"
    CLIENT_ADDED = "client_added"
    CLIENT_MOVED = "client_moved"
    ASSIGNED = "assigned"
    UNASSIGNED = "unassigned"
    COLLEAGUE_INVITED = "colleague_invited"
    INVITED_AGAIN = "invitation_sent_again"
    INVITATION_WITHDRAWN = "invitation_withdrawn"
    JOINED = "joined"
    ROLE_CHANGED = "role_changed"
    COLLEAGUE_REMOVED = "colleague_removed"
    SECOND_FACTOR_DEMANDED = "second_factor_demanded"
    SECOND_FACTOR_LEFT_FREE = "second_factor_left_free"
    JOIN_CODE_MADE = "join_code_made"
    CLIENT_INVITED = "client_invited"
    FIRM_ASKED = "firm_asked"
    CLIENT_ACCEPTED = "client_accepted"
    CLIENT_DECLINED = "client_declined"
    CLIENT_REMINDED = "client_reminded"
    COMPANY_CONFIRMED = "company_confirmed"
    PERSON_CONFIRMED = "person_confirmed"
    ACCESS_GIVEN = "access_given"
    POWER_GIVEN = "power_of_attorney_given"
    POWER_TAKEN_BACK = "power_of_attorney_taken_back"
    CLIENT_ACTIVE = "client_active"
    PERMISSION_ASKED = "permission_asked"
    PERMISSION_GRANTED = "permission_granted"
    PERMISSION_DECLINED = "permission_declined"
    PERMISSION_TAKEN_BACK = "permission_taken_back"
    CLIENT_ARCHIVED = "client_archived"
    CLIENT_BROUGHT_BACK = "client_brought_back"
    CLIENT_EXPORTED = "client_exported"
    CLIENT_IMPORTED = "client_imported"
    CONNECTED = "connected"
    SETTINGS_CHANGED = "settings_changed"
    KEY_RENAMED = "key_renamed"
    KEY_REVOKED = "key_revoked"
    KEYS_ROTATED = "keys_rotated"
    KEYS_RENEWED = "keys_renewed"
    PRICE_SET = "price_set"
    ACTIVATED = "activated"
    DEACTIVATED = "deactivated"
    STEP_DONE = "set-up_step_done"
    STEP_SKIPPED = "set-up_step_skipped"
    PREPARED = "prepared"
    PAIR_MADE = "pair_made"
    OPTIONS_CHANGED = "options_changed"
    SCHEDULE_SET = "schedule_set"
    BRAKE_RELEASED = "brake_released"
    PLAN_APPROVED = "plan_approved"
    FULL_ASKED_FOR = "full_synchronisation_asked_for"
    RUN_CANCELLED = "run_cancelled"
    RUN_UNDONE = "run_undone"
    ISSUE_SETTLED = "issue_settled"
    PARKED_RETRIED = "parked_records_retried"
    COUPLED = "coupled"
    COUPLED_MANY = "coupled_many"
    UNCOUPLED = "uncoupled"
    UNCOUPLED_MANY = "uncoupled_many"
    NEVER_THE_SAME = "never_the_same"
    MATCHED = "matched"
    MENDED = "couplings_mended"
    NUMBER_SETTLED = "number_settled"
    NUMBERS_SETTLED = "numbers_settled"
    CREDITED = "credit_notes_drafted"
    FILE_MADE = "file_made"
    FILE_TRANSFERRED = "file_transferred"
    FILE_ANSWERED = "file_answered"
    FILE_WITHDRAWN = "file_withdrawn"
    THRESHOLD_SET = "wallet_threshold_set"
    DEADLINE_SET = "deadline_set"
    DEADLINE_REMOVED = "deadline_removed"
    REMINDED = "bookkeepers_reminded"
    MAIL_AGAIN = "mail_sent_again"
    COUNTRY_SET = "country_set"


SENTENCES: Mapping[What, str] = {
    What.BEGUN: N_("Kobling begun"),
    What.SIGN_IN_LINK: N_("Link to sign in made"),
    What.CLIENT_ADDED: N_("Client added"),
    What.CLIENT_MOVED: N_("Client moved to another firm"),
    What.ASSIGNED: N_("Bookkeeper assigned"),
    What.UNASSIGNED: N_("Bookkeeper no longer assigned"),
    What.COLLEAGUE_INVITED: N_("Colleague invited"),
    What.INVITED_AGAIN: N_("Invitation sent again"),
    What.INVITATION_WITHDRAWN: N_("Invitation withdrawn"),
    What.JOINED: N_("Invitation accepted"),
    What.ROLE_CHANGED: N_("Role changed"),
    What.COLLEAGUE_REMOVED: N_("Colleague removed from the firm"),
    What.SECOND_FACTOR_DEMANDED: N_("Second factor demanded of everybody"),
    What.SECOND_FACTOR_LEFT_FREE: N_("Second factor no longer demanded"),
    What.JOIN_CODE_MADE: N_("Code of the firm made anew"),
    What.CLIENT_INVITED: N_("Client invited"),
    What.FIRM_ASKED: N_("Accounting firm asked"),
    What.CLIENT_ACCEPTED: N_("Client accepted by the firm"),
    What.CLIENT_DECLINED: N_("Client declined by the firm"),
    What.CLIENT_REMINDED: N_("Client reminded"),
    What.COMPANY_CONFIRMED: N_("Company confirmed"),
    What.PERSON_CONFIRMED: N_("Person confirmed"),
    What.ACCESS_GIVEN: N_("Access given: %(choice)s"),
    What.POWER_GIVEN: N_("Power of attorney given"),
    What.POWER_TAKEN_BACK: N_("Power of attorney taken back"),
    What.CLIENT_ACTIVE: N_("Client active"),
    What.PERMISSION_ASKED: N_("Permission asked for: %(choice)s"),
    What.PERMISSION_GRANTED: N_("Permission granted: %(choice)s"),
    What.PERMISSION_DECLINED: N_("Permission declined: %(choice)s"),
    What.PERMISSION_TAKEN_BACK: N_("Permission taken back: %(choice)s"),
    What.CLIENT_ARCHIVED: N_("Client archived"),
    What.CLIENT_BROUGHT_BACK: N_("Client brought back"),
    What.CLIENT_EXPORTED: N_("Client exported"),
    What.CLIENT_IMPORTED: N_("Client imported"),
    What.CONNECTED: N_("Connected"),
    What.SETTINGS_CHANGED: N_("Settings of the connection changed"),
    What.KEY_RENAMED: N_("Key renamed"),
    What.KEY_REVOKED: N_("Key revoked"),
    What.KEYS_ROTATED: N_("Encryption key rotated"),
    What.KEYS_RENEWED: N_("Encryption keys renewed"),
    What.PRICE_SET: N_("Price set"),
    What.ACTIVATED: N_("Integration activated"),
    What.DEACTIVATED: N_("Integration deactivated"),
    What.STEP_DONE: N_("Step of the set-up done"),
    What.STEP_SKIPPED: N_("Step of the set-up left out"),
    What.PREPARED: N_("System prepared"),
    What.PAIR_MADE: N_("Pair made"),
    What.OPTIONS_CHANGED: N_("Options changed"),
    What.SCHEDULE_SET: N_("Schedule set"),
    What.BRAKE_RELEASED: N_("Brake released"),
    What.PLAN_APPROVED: N_("Plan approved"),
    What.FULL_ASKED_FOR: N_("Full synchronisation asked for"),
    What.RUN_CANCELLED: N_("Run cancelled"),
    What.RUN_UNDONE: N_("Run undone"),
    What.ISSUE_SETTLED: N_("Issue settled: %(choice)s"),
    What.PARKED_RETRIED: N_("Parked records tried again"),
    What.COUPLED: N_("Coupled by hand"),
    What.COUPLED_MANY: N_("Many coupled by hand"),
    What.UNCOUPLED: N_("Coupling removed"),
    What.UNCOUPLED_MANY: N_("Many couplings removed"),
    What.NEVER_THE_SAME: N_("Said to be never the same"),
    What.MATCHED: N_("Matched by chosen fields"),
    What.MENDED: N_("Broken couplings mended: %(choice)s"),
    What.NUMBER_SETTLED: N_("Number settled: %(choice)s"),
    What.NUMBERS_SETTLED: N_("All numbers of a kind settled: %(choice)s"),
    What.CREDITED: N_("Credit notes drafted"),
    What.FILE_MADE: N_("File made"),
    What.FILE_TRANSFERRED: N_("File transferred"),
    What.FILE_ANSWERED: N_("Answer to a file taken in"),
    What.FILE_WITHDRAWN: N_("File withdrawn"),
    What.THRESHOLD_SET: N_("Threshold of the wallet set"),
    What.DEADLINE_SET: N_("Deadline set"),
    What.DEADLINE_REMOVED: N_("Deadline taken away"),
    What.REMINDED: N_("Bookkeepers reminded"),
    What.MAIL_AGAIN: N_("Mail sent again"),
    What.COUNTRY_SET: N_("Country of the firm set"),
}
