# Twin of reject/m7-call-through-another-register.s, without the fault.
function f
        nop
        ret
end f
