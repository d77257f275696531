"""Conversations: two sides that send each other what their contract allows, and nothing else.

The core follows the contract (:mod:`motte.contract`) for both sides, whoever holds their ends, guests or Python code: a
message out of turn is refused to its sender, and nothing has happened.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from motte.abi.capabilities import CapabilityKind
from motte.capability import Capability, cores_of, represents
from motte.channel import Receiver
from motte.contract_terms import SIDES, Side
from motte.core import conversation as core_conversation
from motte.errors import ContractViolation, InvalidCap
from motte.exchange import Block

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

    from motte.bank import SpaceBank
    from motte.bank_tree import BankTree
    from motte.contract import Contract
    from motte.core import Scheduler
    from motte.message import Message

_contracts: "WeakValueDictionary[int, Contract]" = WeakValueDictionary()
"""By their identities: the core knows a contract's numbers, and not its names."""


@represents(CapabilityKind.CONVERSATION)
class ConversationEnd(Receiver):
    """One side of a conversation: it sends to the other, and receives what that sends.

        client, server = machine.conversation(contract)
        client.send("ask", b"how are you?")
        print(server.receive().data)

    It is there once.  It can be granted or sent to somebody else, and is closed here then, while its side is about to
    send; it cannot be copied.  Choosing by tag or badge is not possible: the order is the contract's.
    """

    __slots__ = ()

    @property
    def contract(self) -> "Contract | None":
        """What both sides follow; ``None`` if nobody in Python refers to it any more."""
        return _contracts.get(self._fields()[3])

    @property
    def side(self) -> Side:
        """Whose end it is."""
        return SIDES[self._fields()[0]]

    @property
    def state(self) -> str | int:
        """What the conversation has come to, for this side: the state's name, or its number without the contract."""
        number = self._fields()[1]
        return list(self.contract.states)[number] if self.contract else number

    @property
    def may_travel(self) -> bool:
        """Whether it may be given away now: its side is about to send."""
        return self._fields()[2]

    def send(
        self,
        message: str | int,
        data: "ReadableBuffer" = b"",
        *,
        capabilities: Iterable[Capability] = (),
        blocks: Iterable[Block] = (),
    ) -> None:
        """Send a message of the contract, by its name or tag.  It never waits: there is room for all that is allowed.

        Raises ``ContractViolation`` if the contract does not allow it in this state, or not with so much; then nothing
        has happened.
        """
        self.core.send(data, self._tag(message), 0, cores_of(capabilities, blocks), 0)

    def name_of(self, message: "Message") -> str:
        """What the contract calls a message that came.  Raises ``InvalidCap`` without the contract."""
        names = {tag: name for name, tag in self._known_contract().tags.items()}
        return names[message.tag]

    def check_grantable(self) -> None:
        """For the package: raises what a grant of it would."""
        if not self.valid:
            raise InvalidCap("the conversation has ended with its bank")
        if not self.may_travel:
            raise ContractViolation("the end of a conversation may be given away only while its side is about to send")

    def _tag(self, message: str | int) -> int:
        if isinstance(message, int):
            return message
        contract = self._known_contract()
        if message not in contract.tags:
            raise ContractViolation(f"contract {contract.name} has no message {message!r}")
        return contract.tags[message]

    def _known_contract(self) -> "Contract":
        contract = self.contract
        if contract is None:
            raise InvalidCap("nobody refers to the contract any more: without it, a message has a tag and no name")
        return contract

    def _fields(self) -> tuple[int, int, bool, int]:
        fields = self.core.conversation_fields()
        assert fields is not None, "it was made for the end of a conversation"
        return fields


def create_conversation(
    scheduler: "Scheduler", banks: "BankTree", bank: "SpaceBank | None", contract: "Contract"
) -> tuple[ConversationEnd, ConversationEnd]:
    """For :meth:`motte.Machine.conversation`."""
    account = banks.payer(bank)
    client, server = banks.draw(1, lambda: core_conversation(scheduler, account.core, contract.core))
    _contracts[contract.core.identity] = contract
    return ConversationEnd(client), ConversationEnd(server)
