# Twin of reject/m7-call-through-an-absolute-address.s, without the fault.
function f
        nop
        ret
end f
