# Twin of reject/s1-heights-differ-at-a-merge.s, without the fault.
function f
        testl %eax, %eax
        je bad
        nop
bad:    ud2
end f
