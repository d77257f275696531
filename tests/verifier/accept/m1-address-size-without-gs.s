# Twin of reject/m1-address-size-without-gs.s, without the fault.
function f
        movl %gs:(%eax), %ecx
        ret
end f
