# Twin of reject/m1-neither-prefix.s, without the fault.
function f
        movl %gs:(%eax), %ecx
        ret
end f
