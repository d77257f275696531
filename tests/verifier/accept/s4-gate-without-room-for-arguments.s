# Twin of reject/s4-gate-without-room-for-arguments.s, without the fault.
function f
        pushq %rax
bad:    call GATE
        popq %rax
        ret
end f
