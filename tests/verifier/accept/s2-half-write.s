# Twin of reject/s2-half-write.s, without the fault.
function f
        movl %eax, %ebp
        ret
end f
