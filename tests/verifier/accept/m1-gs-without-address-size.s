# Twin of reject/m1-gs-without-address-size.s, without the fault.
function f
        movl %gs:(%eax), %ecx
        ret
end f
