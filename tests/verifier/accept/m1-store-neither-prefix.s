# Twin of reject/m1-store-neither-prefix.s, without the fault.
function f
        movl %ecx, %gs:(%eax)
        ret
end f
