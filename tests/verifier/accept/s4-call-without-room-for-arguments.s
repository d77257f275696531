# Twin of reject/s4-call-without-room-for-arguments.s, without the fault.
function f
        pushq %rax
bad:    call g
        popq %rax
        ret
end f
function g 8
        ret
end g
