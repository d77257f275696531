# Twin of reject/s2-half.s, without the fault.
function f
        movl %ebp, %eax
        ret
end f
