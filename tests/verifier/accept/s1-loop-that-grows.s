# Twin of reject/s1-loop-that-grows.s, without the fault.
function f
bad:    nop
        testl %eax, %eax
        jne bad
        ud2
end f
