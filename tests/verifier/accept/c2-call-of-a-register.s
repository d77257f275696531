# Twin of reject/c2-call-of-a-register.s, without the fault.
function f
        nop
        ret
end f
